// Fuzzes the parsers: `bun run fuzz [name] [cases]`.
//
//   bun run fuzz                   every fuzzer, 10,000 cases for each property
//   bun run fuzz csv 10000000      the fuzzers whose file name contains "csv", ten million cases
//
// Each run has other seeds, unless SLUICE_TEST_FUZZ_SEED is set. A case that fails prints the
// variables that repeat it.

import { Glob } from "bun";
import { installPythonClients, installPythonConsumer } from "./examples.ts";
import { ensureInstalled, root } from "./install.ts";
import { run, stopAll } from "./run.ts";

const casesDefault = 10_000;
/** The longest time of a timer. */
const timeoutMs = 2 ** 31 - 1;
const seedMax = 2 ** 32;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stopAll();
    process.exit(130);
  });
}

const args = process.argv.slice(2);
const numbers = args.filter((arg) => /^\d+$/.test(arg));
const [name = "", ...others] = args.filter((arg) => !numbers.includes(arg));
const found = [...new Glob("test/fuzz/*.test.ts").scanSync(root)]
  .filter((path) => path !== "test/fuzz/fuzz.test.ts")
  .toSorted();
const files = found.filter((path) => path.slice("test/fuzz/".length).includes(name));
if (numbers.length > 1 || others.length > 0 || files.length === 0) {
  const names = found.map((path) => path.slice("test/fuzz/".length, -".test.ts".length));
  process.stderr.write(
    `Cannot run bun run fuzz ${args.join(" ")}: expected [name] [cases], with the name of one of ${names.join(", ")}\n`,
  );
  process.exit(2);
}

await ensureInstalled("full");
// Some of the reference parsers.
const [clients, consumer] = await Promise.all([installPythonClients(), installPythonConsumer()]);
for (const found of [clients, consumer]) {
  if ("reason" in found) process.stdout.write(`SKIPPED what needs it: ${found.reason}\n`);
}
const env = {
  ...("path" in clients ? { SLUICE_TEST_PYTHON_CLIENTS: clients.path } : {}),
  ...("path" in consumer ? { SLUICE_TEST_PYTHON_CONSUMER: consumer.path } : {}),
  SLUICE_TEST_FUZZ_CASES: numbers[0] ?? String(casesDefault),
  SLUICE_TEST_FUZZ_SEED:
    process.env.SLUICE_TEST_FUZZ_SEED ?? String(Math.floor(Math.random() * seedMax)),
};
process.stdout.write(
  `${env.SLUICE_TEST_FUZZ_CASES} cases for each property, the first with seed ${env.SLUICE_TEST_FUZZ_SEED}\n`,
);
const { code } = await run([process.execPath, "test", ...files.map((file) => `./${file}`)], {
  env,
  timeoutMs,
  live: true,
});
process.exit(code);
