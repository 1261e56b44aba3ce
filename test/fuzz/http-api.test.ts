// Every HTTP address of the OpenAPI document, with requests that its schemas allow and requests that
// they do not. Schemathesis makes and judges them. Addresses whose answers do not end on their own
// (`x-endless`) are left out: the tests of streams have them.

import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { ask } from "../support/http.ts";
import { pythonClients } from "../support/python-clients.ts";
import { findTool, runTool, toolTest } from "../support/tools.ts";
import { wholeNumber } from "./fuzz.ts";

/** Generated requests of each address, beside those that cover the bounds of each parameter. */
const examplesDefault = 3;
const addresses = 85;
/** Without a number of cases, a run takes about a minute. */
const runMsMax = 300_000;
const timerMsMax = 2 ** 31 - 1;

const leftOutChecks = [
  // http-api.py has it, with the API's leniencies.
  "negative_data_rejection",
  // What the schemas allow may still be refused: a rule that is not of the schema, a node's state.
  "positive_data_acceptance",
  // Nothing is created for others, and there is no authentication.
  "use_after_free",
  "ensure_resource_availability",
  "ignored_auth",
  "object_level_authorization",
];

const isInstalled = findTool(pythonClients) !== undefined;
let gateway: GatewayProcess;
let folder: string;

beforeAll(async () => {
  if (!isInstalled) return;
  folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  gateway = await startGateway({ env: { SLUICE_RELATIONS: "data-samples/relations.json" } });
}, 60_000);

afterAll(async () => {
  if (!isInstalled) return;
  expect(await gateway.stop()).toBe(0);
  rmSync(folder, { recursive: true });
}, 60_000);

const cases = wholeNumber("SLUICE_TEST_FUZZ_CASES");
const seed = wholeNumber("SLUICE_TEST_FUZZ_SEED") ?? 1;
const timeoutMs = cases === undefined ? runMsMax : timerMsMax;

toolTest(
  pythonClients,
  "every HTTP address answers what the OpenAPI document says, and refuses what it does not have",
  async (python) => {
    const examples = cases === undefined ? examplesDefault : Math.ceil(cases / addresses);
    const { code, output, errors } = await runTool(
      [
        ...["env", `SCHEMATHESIS_HOOKS=${join(import.meta.dir, "http-api.py")}`],
        ...[python, "-m", "schemathesis.cli"],
        ...["--config-file", join(import.meta.dir, "http-api.toml")],
        ...["run", `${gateway.url}/openapi.json`, "--exclude-by", "/x-endless == true"],
        ...["--phases", "examples,coverage,fuzzing", "--max-examples", String(examples)],
        ...["--seed", String(seed), "--no-shrink", "--generation-database", ":memory:"],
        ...["--exclude-checks", leftOutChecks.join(","), "--continue-on-failure"],
        // More workers would make a run that does not repeat.
        ...["--request-timeout", "10", "--workers", "1", "--warnings", "off", "--no-color"],
      ],
      { timeoutMs, cwd: folder },
    );
    if (code !== 0) throw new Error(`Schemathesis ended with ${code}:\n${output}\n${errors}`);
    expect(output).toMatch(/[1-9]\d* selected/);
    expect(gateway.errors()).toEqual([]);
    expect((await ask("GET", `${gateway.url}/livez`)).status).toBe(200);
  },
  timeoutMs,
);
