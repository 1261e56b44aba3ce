/** A temporary folder with the files that one compilation reads. */

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutable, shippedFile } from "../../../core/build.ts";
import { workspacePrefix } from "./leftovers.ts";

/** The folder of all `.proto` files. */
export const protoFolder = "proto";

const importsFolder = fileURLToPath(shippedFile("schemas/imports"));
let importPaths: Promise<readonly string[]> | undefined;

/** Paths that texts may import, apart from google/protobuf, which the compiler contains. */
export function bundledImports(): Promise<readonly string[]> {
  return (importPaths ??= listImports());
}

export interface Workspace extends AsyncDisposable {
  readonly folder: string;
}

/** `files` are texts by checked import path; they take precedence over bundled imports. */
export async function makeWorkspace(files: ReadonlyMap<string, string>): Promise<Workspace> {
  const folder = await mkdtemp(workspacePrefix);
  const workspace = {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    await fill(join(folder, protoFolder), files);
    await writeFile(join(folder, "buf.yaml"), `version: v2\nmodules:\n  - path: ${protoFolder}\n`);
    return workspace;
  } catch (error) {
    await workspace[Symbol.asyncDispose]();
    throw error;
  }
}

async function fill(root: string, files: ReadonlyMap<string, string>): Promise<void> {
  const bundled = (await bundledImports()).filter((path) => !files.has(path));
  const folders = new Set([...files.keys(), ...bundled].map((path) => dirname(join(root, path))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await Promise.all([
    ...[...files].map(([path, text]) => writeFile(join(root, path), text)),
    ...bundled.map((path) => provide(join(importsFolder, path), join(root, path))),
  ]);
}

/** Files inside an executable are not files to other programs. */
async function provide(from: string, to: string): Promise<void> {
  if (isExecutable) await writeFile(to, await readFile(from));
  else await symlink(from, to);
}

async function listImports(): Promise<readonly string[]> {
  const entries = await readdir(importsFolder, { recursive: true });
  return entries
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".proto"));
}
