/**
 * The public Connect conformance suite (connectrpc.com/conformance), in server mode: its reference
 * clients, connect-go and grpc-go, call both of Sluice's listeners in every protocol that they have,
 * and the thin paths in what they serve.
 */

import { expect } from "bun:test";
import { fileURLToPath } from "node:url";
import { connectConformance, runTool, toolTest } from "../support/tools.ts";

const suiteMs = 120_000;

/**
 * No case is known to fail. One that has to be is listed here by its name, behind its reason; the
 * runner then expects it to fail.
 */
const knownFailing: readonly string[] = [];

for (const { listener, cases } of [
  { listener: "rpc", cases: 1296 },
  { listener: "http", cases: 1464 },
  { listener: "thin-grpc", cases: 164 },
  { listener: "thin-connect", cases: 96 },
]) {
  toolTest(
    connectConformance,
    `the listener "${listener}" conforms in all ${cases} cases`,
    async (runner) => {
      const { code, output, errors } = await runTool(
        [
          runner,
          ...["--mode", "server", "--max-servers", "2", "--conf", file(`${listener}.yaml`)],
          ...knownFailing.flatMap((name) => ["--known-failing", name]),
          ...["--", process.execPath, file("server-child.ts"), listener],
        ],
        { timeoutMs: suiteMs },
      );
      const report = `${output}${errors}`;
      // A suite that runs fewer cases than it did would pass as well.
      expect(report.slice(-4000)).toContain(`${cases - knownFailing.length} passed, 0 failed`);
      expect(code).toBe(0);
    },
    suiteMs + 10_000,
  );
}

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
