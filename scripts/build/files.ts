// The files that a build contains beside its code, in the folders where `src/core/build.ts` looks for them.

import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleForBrowsers } from "../../src/runtime/bun.ts";
import { root } from "../install.ts";

/** Scripts of pages, in `src/ui`. */
export const pages = ["dashboard", "livedoc", "login"];

const copied = ["migrations", "schemas/imports"];
const uiFiles = new Bun.Glob("**/*.{html,css,svg}");
const packageFiles = [
  "swagger-ui-dist/swagger-ui.css",
  "swagger-ui-dist/swagger-ui-bundle.js",
  "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",
  "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
];
/** Packages of which files are copied. */
export const copiedPackages: readonly string[] = [
  ...new Set(packageFiles.map((path) => path.split("/", 1)[0] ?? "")),
];

/** Fills the folder, and returns the names at its top. */
export async function writeFiles(folder: string): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  for (const path of copied) copy(join(root, path), join(folder, path));
  for (const path of uiFiles.scanSync(join(root, "src/ui"))) {
    copy(join(root, "src/ui", path), join(folder, "src/ui", path));
  }
  for (const path of packageFiles) {
    copy(join(root, "node_modules", path), join(folder, "packages", path));
  }
  for (const page of pages) {
    await writeModules(page, join(folder, "dist/ui"));
  }
  return ["migrations", "schemas", "src", "dist", "packages"];
}

/** Writes the modules of a page, and the list of their names, the first one first, which `src/http/assets.ts` reads. */
export async function writeModules(page: string, folder: string) {
  const { entry, files } = await bundleForBrowsers(join(root, "src/ui", page, "main.tsx"), page);
  for (const [name, bytes] of files) await Bun.write(join(folder, name), bytes);
  const names = [...files.keys()].filter((name) => name !== entry);
  await Bun.write(join(folder, `${page}.json`), JSON.stringify([entry, ...names]));
  return files;
}

function copy(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`Cannot build: there is no ${from}, run "bun install"`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}
