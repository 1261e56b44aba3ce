// Brings `node_modules` to what `bun.lock` says, and does nothing when it is there already.
// Only built-ins are imported: this runs before anything is installed.

import { existsSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "..");

/** `production` leaves out what only the checks need (Deno, TypeScript, oxlint: 300 MB). */
export type InstallScope = "production" | "full";

const modules = join(root, "node_modules");
const stampFile = join(modules, ".sluice-stamp");

/**
 * Installs what `scope` needs, telling of it in one line on standard error, and says whether there
 * was anything to do. A stamp, written last, names the lockfile and the scope, so an install that
 * was interrupted is done again.
 */
export async function ensureInstalled(scope: InstallScope): Promise<"installed" | "present"> {
  const hash = new Bun.CryptoHasher("sha256")
    .update(await Bun.file(join(root, "bun.lock")).bytes())
    .digest("hex");
  const stamp = existsSync(stampFile) ? (await Bun.file(stampFile).text()).trim() : "";
  if (stamp === `${hash} full` || stamp === `${hash} ${scope}`) return "present";

  // Where a developer installed everything, a start must not take the tools away again.
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
