// Brings `node_modules` to the state of `bun.lock`, and does nothing if it is there already.
// Only built-ins are imported: this runs before anything is installed.

import { existsSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "..");

/** `production` leaves out what only the checks need (Deno, TypeScript, oxlint: 300 MB). */
export type InstallScope = "production" | "full";

const modules = join(root, "node_modules");
const stampFile = join(modules, ".sluice-stamp");

/**
 * Installs what `scope` needs, with one line on standard error, and returns whether there was anything
 * to do. A stamp, written last, names the lockfile and the scope, so an interrupted install is repeated.
 */
export async function ensureInstalled(scope: InstallScope): Promise<"installed" | "present"> {
  const hash = new Bun.CryptoHasher("sha256")
    .update(await Bun.file(join(root, "bun.lock")).bytes())
    .digest("hex");
  const stamp = existsSync(stampFile) ? (await Bun.file(stampFile).text()).trim() : "";
  if (stamp === `${hash} full` || stamp === `${hash} ${scope}`) return "present";

  // A start must not remove the tools of a developer, who installed everything.
  const full = scope === "full" || stamp.endsWith(" full") || (existsSync(modules) && stamp === "");
  const first = existsSync(modules) ? "" : " (first start, about 20 s)";
  process.stderr.write(`sluice: installing dependencies${first}…\n`);

  const install = Bun.spawn(
    [process.execPath, "install", "--frozen-lockfile", ...(full ? [] : ["--production"])],
    { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const [code, output, errors] = await Promise.all([
    install.exited,
    new Response(install.stdout).text(),
    new Response(install.stderr).text(),
  ]);
  if (code !== 0) {
    throw new Error(
      `Cannot install dependencies: bun install ended with ${code}\n${output}${errors}`,
    );
  }
  await Bun.write(stampFile, `${hash} ${full ? "full" : "production"}\n`);
  return "installed";
}
