#!/usr/bin/env node
// `sluice` for machines that have only Node and npm: finds the Bun that package.json names, fetches it
// with npm the first time, and runs the command with it. Signals and exit codes pass through. It is the
// program of a clone and of the npm package, which has Bun as a dependency.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// npm links the program: the link leads to the clone.
const root = join(dirname(realpathSync(fileURLToPath(import.meta.url))), "..");
const packageJson = /** @type {{ engines: { bun?: string }, dependencies: { bun?: string } }} */ (
  JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
);
const version = packageJson.engines.bun ?? packageJson.dependencies.bun;
/** The path at which npm keeps Bun: to query npm takes half a second. */
const cacheFile = join(root, `.cache/bun-${version}`);
const packaged = join(root, "dist/main.js");
const isPackage = !existsSync(join(root, "scripts/start.ts"));
const script = isPackage ? packaged : join(root, "scripts/start.ts");

try {
  run(findBun());
} catch (error) {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function findBun() {
  const found = [dependencyPath(), cachedPath(), "bun"].find(
    (path) => path !== undefined && isRight(path),
  );
  if (found !== undefined) return found;
  const fetched = fetchBun();
  try {
    mkdirSync(dirname(cacheFile), { recursive: true });
    writeFileSync(cacheFile, fetched);
  } catch {
    // The clone may be read-only: npm is queried again the next time.
  }
  return fetched;
}

/** The Bun that npm installed with this package. */
function dependencyPath() {
  try {
    return join(dirname(createRequire(script).resolve("bun/package.json")), "bin/bun.exe");
  } catch {
    return undefined; // A clone has none.
  }
}

function cachedPath() {
  try {
    return readFileSync(cacheFile, "utf8");
  } catch {
    return undefined; // Not fetched yet.
  }
}

/** @param {string} path */
function isRight(path) {
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return status === 0 && stdout.trim() === version;
}

/** The path of the program in npm's cache, which downloads it where it is missing. */
function fetchBun() {
  process.stderr.write(`sluice: fetching bun ${version}…\n`);
  const { status, stdout, stderr } = spawnSync(
    "npx",
    ["--yes", `bun@${version}`, "--print", "process.execPath"],
    { encoding: "utf8", shell: process.platform === "win32" },
  );
  const path = (stdout ?? "").trim().split("\n").at(-1) ?? "";
  if (status === 0 && isRight(path)) return path;
  throw new Error(`Cannot fetch bun ${version} with npx: ${stderr ?? ""}${stdout ?? ""}`);
}

/** @param {string} bun */
function run(bun) {
  // A clone's script sets what src/runtime/heap.ts explains, and so does an executable.
  const env = isPackage
    ? { BUN_JSC_forceRAMSize: String(512 * 1024 * 1024), ...process.env }
    : undefined;
  const child = spawn(bun, [script, ...process.argv.slice(2)], { stdio: "inherit", env });
  // A terminal sends Ctrl-C to both; from elsewhere it reaches only this process.
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal === "SIGTERM" || !isTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`sluice: Cannot start ${bun}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
