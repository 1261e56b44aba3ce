// The checks that read the code without running it. Each one fails if it finds nothing to read.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.ts";
import { run, type RunResult } from "./run.ts";

export interface Step {
  readonly name: string;
  readonly check: () => Promise<RunResult>;
}

const bun = process.execPath;
const timeoutMs = 600_000;

/** The npm package's launcher; its binary needs no install script. */
export const denoCommand = [bun, join(root, "node_modules/deno/bin.cjs")];
export const denoEnv = {
  DENO_DIR: join(root, ".cache/deno"),
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
};

// Deno does not check files that use `Bun`: its adapter, the tests, and the command line, which runs on Bun.
const bunOnly = /^src\/(main\.ts$|cli\/|runtime\/bun)|\.test\.tsx?$/;

/** The slowest first, so that it does not run alone at the end. */
export const staticSteps: readonly Step[] = [
  { name: "types on Deno", check: checkDenoTypes },
  { name: "lint", check: lint },
  {
    name: "unused files, exports and dependencies",
    check: () => tool("knip", "--no-progress", "--no-config-hints"),
  },
  { name: "types on Bun", check: () => tool("tsc", "--noEmit", "--pretty", "false") },
  { name: "generated code", check: checkGenerated },
  { name: "schemas", check: () => tool("buf", "lint") },
  { name: "format", check: checkFormat },
];

/** The program of a package, run by this Bun, so that no other runtime is needed. */
async function tool(name: string, ...args: string[]): Promise<RunResult> {
  return run([bun, join(root, "node_modules/.bin", name), ...args], { timeoutMs });
}

async function checkFormat(): Promise<RunResult> {
  const result = await run([bun, "fmt", "--no-script", "--check"], { timeoutMs });
  return result.code === 0 ? requireFiles(result, /(\d+) (?:files?|unchanged)/) : result;
}

async function lint(): Promise<RunResult> {
  return requireFiles(await tool("oxlint", "--deny-warnings"), / on (\d+) files?/);
}

async function checkDenoTypes(): Promise<RunResult> {
  const files = [...filesUnder("src"), ...filesUnder("test/deno")].filter(
    (file) => !bunOnly.test(file),
  );
  if (files.length === 0) return { code: 1, output: "no file to check in src" };
  return run([...denoCommand, "check", "--quiet", ...files], { env: denoEnv, timeoutMs });
}

/** Generates into a separate directory and compares it with `src/gen`. */
async function checkGenerated(): Promise<RunResult> {
  const fresh = mkdtempSync(join(root, ".cache/gen-"));
  try {
    const made = await run([bun, "scripts/generate.ts", fresh], { timeoutMs });
    if (made.code !== 0) return made;
    const expected = contents(fresh);
    const present = contents(join(root, "src/gen"));
    if (expected.size === 0) return { code: 1, output: "nothing was generated from schemas/" };
    const different = [...new Set([...expected.keys(), ...present.keys()])].filter(
      (file) => expected.get(file) !== present.get(file),
    );
    if (different.length === 0) return { code: 0, output: "" };
    const list = different.map((file) => `  src/gen/${file}`).join("\n");
    return { code: 1, output: `src/gen is out of date, run \`bun run generate\`:\n${list}` };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function contents(directory: string): Map<string, string> {
  const files = [...new Bun.Glob("**/*").scanSync({ cwd: directory })];
  return new Map(files.map((file) => [file, readFileSync(join(directory, file), "utf8")]));
}

function filesUnder(directory: string): string[] {
  return [...new Bun.Glob(`${directory}/**/*.{ts,tsx}`).scanSync({ cwd: root })].toSorted();
}

function requireFiles(result: RunResult, count: RegExp): RunResult {
  if (result.code !== 0 || Number(count.exec(result.output)?.[1] ?? 0) > 0) return result;
  return { code: 1, output: `it read no file:\n${result.output}` };
}
