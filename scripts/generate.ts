// Writes `src/gen/` from `schemas/`: `bun run generate [directory]`.
//
// The test command generates into a separate directory and compares, so a schema and its generated
// code cannot drift apart.

import { delimiter, join } from "node:path";

const root = join(import.meta.dir, "..");
const [out = "src/gen"] = process.argv.slice(2);

// The template names `protoc-gen-es` without a path, so that it is right on every system.
const binaries = join(root, "node_modules", ".bin");
const path = `${binaries}${delimiter}${process.env.PATH ?? ""}`;

const template = Bun.YAML.parse(await Bun.file(join(root, "buf.gen.yaml")).text());
const redirected = {
  ...(template as { plugins: object[] }),
  plugins: (template as { plugins: object[] }).plugins.map((plugin) => ({ ...plugin, out })),
};

const buf = Bun.spawn(
  [
    process.execPath,
    join(root, "node_modules/@bufbuild/buf/bin/buf"),
    "generate",
    "--template",
    JSON.stringify(redirected),
  ],
  { cwd: root, env: { ...process.env, PATH: path }, stdio: ["ignore", "inherit", "inherit"] },
);
process.exit(await buf.exited);
