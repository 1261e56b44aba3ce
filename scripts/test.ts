// Every check in one command: `bun run test`. It ends with one line, `N passed, N failed`.
//
//   bun run test             all of it
//   bun run test hub         only the test files whose path contains "hub"
//   bun run test --static    only what reads the code and runs none of it (`bun run check`)
//
// The tests run in groups, a process each: what one leaves behind, such as a database that it killed,
// cannot reach the others.
//
// It sets up what it needs: dependencies, a nats-server, a browser, shells, proxies. With CI=true a missing
// one is a failure; elsewhere the tests that need it are skipped, and the summary says so.

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import {
  buildCollectLoader,
  buildGoConsumer,
  installPythonClients,
  installPythonConsumer,
} from "./examples.ts";
import { composeGo, connectConformance, findGoTool, grpcurl } from "./go-tools.ts";
import { ensureInstalled, root } from "./install.ts";
import { type TestCounts, testCounts } from "./junit.ts";
import { run, stopAll } from "./run.ts";
import { findAptTools, findNatsServer, type Found, inCi } from "./services.ts";
import { staticSteps, type Step } from "./steps.ts";
import { type Group, testGroups } from "./test-groups.ts";
import { failedTests } from "./test-output.ts";

const args = process.argv.slice(2);
const staticOnly = args.includes("--static");
const filters = args.filter((arg) => arg !== "--static");

/** Ends what hangs: six files of pages take five minutes, and three times as long on a crowded machine. */
const groupMs = 25 * 60_000;
const perTestMs = 30_000;
// The CI machine has two cores, and most steps keep one busy.
const stepsAtOnce = 2;

const total = { passed: 0, failed: 0 };
/** Repeated at the end, because thousands of lines may come before it. */
const notes: string[] = [];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stopAll();
    process.exit(130);
  });
}

try {
  await ensureInstalled("full");
  const cache = join(root, ".cache");
  mkdirSync(join(cache, "junit"), { recursive: true });

  if (filters.length > 0) await runTests(await provision());
  else if (staticOnly) await runStatic();
  else {
    const [env] = await Promise.all([provision(), runStatic()]);
    await runTests(env);
  }
} catch (error) {
  fail("test command", error instanceof Error ? (error.stack ?? error.message) : String(error));
}

for (const note of notes) say(note);
await Bun.write(Bun.stdout, `${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** Paths of the services, as environment variables that tests read. */
async function provision(): Promise<Record<string, string>> {
  const [
    nats,
    { chromium, zsh, fish, haproxy, nginx, caddy, prometheus },
    conformance,
    composeParser,
    [curl, goConsumer, collectLoader],
    pythonConsumer,
    pythonClients,
  ] = await Promise.all([
    findNatsServer(),
    findAptTools(),
    findGoTool(connectConformance),
    findGoTool(composeGo),
    goTools(),
    installPythonConsumer(),
    installPythonClients(),
  ]);
  return {
    ...asEnv("nats-server", "SLUICE_TEST_NATS_SERVER", nats),
    ...asEnv("chromium", "SLUICE_TEST_CHROMIUM", chromium),
    ...asEnv("zsh", "SLUICE_TEST_ZSH", zsh),
    ...asEnv("fish", "SLUICE_TEST_FISH", fish),
    ...asEnv("haproxy", "SLUICE_TEST_HAPROXY", haproxy),
    ...asEnv("nginx", "SLUICE_TEST_NGINX", nginx),
    ...asEnv("caddy", "SLUICE_TEST_CADDY", caddy),
    ...asEnv("prometheus", "SLUICE_TEST_PROMETHEUS", prometheus),
    ...asEnv("connectconformance", "SLUICE_TEST_CONNECTCONFORMANCE", conformance),
    ...asEnv("compose-go", "SLUICE_TEST_COMPOSE_GO", composeParser),
    ...asEnv("grpcurl", "SLUICE_TEST_GRPCURL", curl),
    ...asEnv("sluice-collect-loader", "SLUICE_TEST_COLLECT_LOADER", collectLoader),
    ...asEnv("go-consumer", "SLUICE_TEST_GO_CONSUMER", goConsumer),
    ...asEnv("python-consumer", "SLUICE_TEST_PYTHON_CONSUMER", pythonConsumer),
    ...asEnv("python-clients", "SLUICE_TEST_PYTHON_CLIENTS", pythonClients),
  };
}

/** Builds one after the other, because all use the same release of gRPC, which is compiled once. */
async function goTools(): Promise<readonly [curl: Found, consumer: Found, loader: Found]> {
  return [await findGoTool(grpcurl), await buildGoConsumer(), await buildCollectLoader()];
}

function asEnv(name: string, variable: string, found: Found): Record<string, string> {
  if ("path" in found) {
    say(`using ${name}: ${found.path}`);
    return { [variable]: found.path };
  }
  if (inCi) fail(`service ${name}`, found.reason);
  else note(`SKIPPED the tests that need ${name}: ${found.reason}`);
  return {};
}

async function runStatic(): Promise<void> {
  const waiting = [...staticSteps];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      await runStep(step);
    }
  };
  await Promise.all(Array.from({ length: stepsAtOnce }, worker));
}

async function runStep({ name, check }: Step): Promise<void> {
  const start = performance.now();
  const { code, output } = await check();
  if (code === 0) pass(name, start);
  else fail(name, output);
}

async function runTests(env: Record<string, string>): Promise<void> {
  if (filters.length > 0) {
    await runGroup({ name: "tests", files: filters }, env, true);
    return;
  }
  const files = new Glob("{bench,scripts,src,test}/**/*.test.{ts,tsx}").scanSync(root);
  const groups = testGroups([...files]);
  const waiting = groups.filter(({ isMeasured }) => !isMeasured);
  const measured = groups.filter(({ isMeasured }) => isMeasured);
  let done = 0;
  // End-to-end tests come first and wait half of the time; the ones at the end compute. Workers start at
  // both ends, so that both kinds run beside each other until nothing is left.
  const worker = async (take: () => Group | undefined): Promise<void> => {
    for (let group = take(); group !== undefined; group = take()) {
      const start = performance.now();
      const { passed, failed } = await runGroup(group, env, false);
      done += 1;
      const counts = `${passed} passed, ${failed} failed`;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      say(`tests ${done}/${groups.length}  ${group.name} (${counts}, ${seconds} s)`);
    }
  };
  const first = () => waiting.shift();
  await Promise.all([worker(first), worker(first), worker(() => waiting.pop())]);
  const next = () => measured.shift();
  await Promise.all([worker(next), worker(next)]);
}

/** Runs the files in one process; shows what they print as it arrives, or at the end if a test failed. */
async function runGroup(
  { name, files }: Pick<Group, "name" | "files">,
  env: Record<string, string>,
  live: boolean,
): Promise<Pick<TestCounts, "passed" | "failed">> {
  const report = join(root, ".cache/junit", `${name.replaceAll(/[^\w.-]/g, "-")}.xml`);
  rmSync(report, { force: true });
  if (live) say(`bun test ${files.join(" ")}`);
  const { code, output } = await run(
    [
      process.execPath,
      "test",
      `--timeout=${perTestMs}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...files,
    ],
    { env, timeoutMs: groupMs, live },
  );
  const counts = existsSync(report) ? testCounts(await Bun.file(report).text()) : undefined;
  const quiet = code === 0 && counts?.skipped === 0;
  if (!live && !quiet) await Bun.write(Bun.stdout, output);
  if (counts === undefined || counts.passed + counts.failed === 0) {
    fail(`bun test: ${name}`, `no test was run, exit code ${code}: ${output.slice(-2_000)}`);
    return { passed: 0, failed: 1 };
  }
  total.passed += counts.passed;
  total.failed += counts.failed;
  if (counts.failed > 0) notes.push(...failedTests(output));
  if (counts.skipped > 0) note(`${counts.skipped} tests were skipped; each says why above`);
  // A file that cannot be loaded, or an error between tests, is not in the counts.
  if (code !== 0 && counts.failed === 0) fail(`bun test: ${name}`, `ended with exit code ${code}`);
  return counts;
}

function pass(name: string, start: number): void {
  total.passed += 1;
  say(`ok    ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

function fail(name: string, output: string): void {
  total.failed += 1;
  note(`FAIL  ${name}\n${output.trimEnd()}`);
}

function note(text: string): void {
  notes.push(text);
  say(text);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
