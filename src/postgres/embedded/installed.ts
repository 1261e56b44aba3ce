/** A PostgreSQL that the system's package manager installed, in a version that can take its place. */

import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The first with the locale provider "builtin", on which the database's order of text rests. */
const majorMin = 17;

/** Debian's, Red Hat's and Homebrew's; the last is the one of other systems. */
const parents = [
  { folder: "/usr/lib/postgresql", bin: /^(\d+)$/ },
  { folder: "/usr", bin: /^pgsql-(\d+)$/ },
  { folder: "/opt/homebrew/opt", bin: /^postgresql@(\d+)$/ },
  { folder: "/usr/local/opt", bin: /^postgresql@(\d+)$/ },
];
const plain = ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"];

const run = promisify(execFile);

/** Folders of programs, the newest version first. */
export async function installedFolders(): Promise<readonly string[]> {
  const versioned = await Promise.all(parents.map((parent) => versionsIn(parent)));
  const found = versioned.flat().toSorted((a, b) => b.major - a.major);
  const folders = found.filter(({ major }) => major >= majorMin).map(({ path }) => path);
  const others = await Promise.all(
    plain.map(async (path) => ((await isRecent(path)) ? [path] : [])),
  );
  return [...folders, ...others.flat()];
}

async function versionsIn({ folder, bin }: (typeof parents)[number]) {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => {
    const [, major] = bin.exec(name) ?? [];
    return major === undefined ? [] : [{ major: Number(major), path: join(folder, name, "bin") }];
  });
}

/** The folder's name does not say which version it has. */
async function isRecent(folder: string): Promise<boolean> {
  const { stdout } = await run(join(folder, "postgres"), ["--version"]).catch(() => ({
    stdout: "",
  }));
  return Number(/PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? 0) >= majorMin;
}
