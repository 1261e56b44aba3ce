// What a build says of itself.

import { root } from "../install.ts";
import { run } from "../run.ts";

export interface BuildFacts {
  readonly commit?: string;
}

/** The commit, from SLUICE_COMMIT (an image is built without .git) or from git; with a mark if files differ from it. */
export async function buildFacts(): Promise<BuildFacts> {
  const given = process.env.SLUICE_COMMIT ?? "";
  if (given !== "") return { commit: given };
  const head = await git("rev-parse", "--short=12", "HEAD");
  if (head === undefined) return {};
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  return { commit: changed === "" ? head : `${head}-modified` };
}

async function git(...args: string[]): Promise<string | undefined> {
  const { code, output } = await run(["git", "-C", root, ...args], { timeoutMs: 10_000 });
  return code === 0 ? output.trim() : undefined;
}
