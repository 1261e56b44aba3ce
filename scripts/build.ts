// Makes the executables: `dist/<target>/sluice`, one file with Bun, the code, pages, migrations and schemas.
//
//   bun run build                         for this machine
//   bun run build linux-arm64 win32-x64   for these
//   bun run build all
//   bun run build --lib …                 also dist/<target>/lib: the buf compiler and PostgreSQL
//   bun run build --out DIR …             DIR instead of dist

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BuildFacts, buildFacts } from "./build/commit.ts";
import { copyCompanions, type Packages, packagesOf } from "./build/companions.ts";
import { writeFiles } from "./build/files.ts";
import { thirdParty } from "./build/licences.ts";
import { chosenTargets, type Target } from "./build/targets.ts";
import { ensureInstalled, root } from "./install.ts";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { lib: { type: "boolean" }, out: { type: "string", default: join(root, "dist") } },
  });
  const targets = chosenTargets(positionals);
  const out = resolve(values.out);
  await ensureInstalled("production");
  const files = join(out, "files");
  const names = await writeFiles(files);
  const facts = await buildFacts();
  // Paths of what is embedded are relative to the working directory.
  process.chdir(files);
  for (const target of targets) {
    const packages = await packagesOf(target);
    const folder = join(out, target.name);
    mkdirSync(folder, { recursive: true });
    await compile(target, { packages, folder, names, facts });
    if (values.lib === true) copyCompanions(target, packages, join(folder, "lib"));
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

interface Compilation {
  readonly packages: Packages;
  readonly folder: string;
  readonly names: readonly string[];
  readonly facts: BuildFacts;
}

async function compile(
  target: Target,
  { packages, folder, names, facts }: Compilation,
): Promise<void> {
  const outfile = join(folder, "sluice");
  const { success, logs, metafile } = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    metafile: true,
    target: "bun",
    minify: true,
    // Compressed inside: errors name files and lines of the repository.
    sourcemap: "linked",
    define: { SLUICE_BUILD: JSON.stringify(facts) },
    compile: {
      target: target.bun,
      outfile,
      assets: names.map((name) => `./${name}`),
      // Its settings are the environment's alone, wherever it is started.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    plugins: [nativeModules(target, packages)],
  });
  if (!success) {
    const why = logs.map(({ message }) => message).join("\n");
    throw new Error(`Cannot build ${target.name}: ${why}`);
  }
  const notices = thirdParty(Object.keys(metafile?.inputs ?? {}));
  await Bun.write(join(folder, "THIRD-PARTY.md"), notices);
  process.stdout.write(`${outfile}${target.os === "win32" ? ".exe" : ""}\n`);
}

/** Only one of resvg's packages is installed: the target's takes part, and the others stay out. */
function nativeModules(target: Target, { folder }: Packages): Bun.BunPlugin {
  const own = `@resvg/resvg-js-${target.resvg}`;
  return {
    name: "native modules",
    setup(build) {
      build.onResolve({ filter: /^@resvg\/resvg-js-/ }, ({ path }) =>
        path === own
          ? { path: join(folder, own, `resvgjs.${target.resvg}.node`) }
          : { path, external: true },
      );
    },
  };
}
