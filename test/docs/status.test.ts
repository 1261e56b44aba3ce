/** The table of docs/operations.md has the members of `/status`, no more and no fewer. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway } from "../support/gateway.ts";
import { ask } from "../support/http.ts";
import { until } from "../support/until.ts";
import { root } from "./run.ts";

/** A node in good health has no failure to report, and what runs from a checkout has no commit. */
const absent = [
  "commit",
  "ack_rules[].last_failure",
  "appends.last_failure",
  "ack_rules[].stopped",
  "measurements.stored.last_undecodable",
  "projections[].last_failure",
  "series.rollups.last_failure",
  "tls.changes",
  "tls.expires",
  "tls.fingerprint",
  "tls.problem",
  "tls.subject",
];

test("docs/operations.md lists every member of /status", async () => {
  const gateway = await startGateway();
  try {
    const rule = { topics: ["a", "b"], output: "acks" };
    await ask("PUT", `${gateway.url}/v1/ack-rules/rule`, { body: JSON.stringify(rule) });
    const listed = listedMembers().filter((name) => !absent.includes(name));
    // Some appear once this node owns a task and has worked.
    const members = await until("all members are there", 20_000, async () => {
      const found = membersOf((await ask("GET", `${gateway.url}/status`)).json);
      return found.length >= listed.length && found;
    });
    expect(members).toEqual(listed);
  } finally {
    await gateway.stop();
  }
}, 60_000);

function listedMembers(): readonly string[] {
  const page = readFileSync(join(root, "docs/operations.md"), "utf8");
  const [, section = ""] = page.split("### Members of `/status`\n");
  const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = ""]) => cell);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)]);
  return names.map(([, name = ""]) => name).toSorted();
}

/** The paths of all values; quantiles are one, and elements of a list share theirs. */
function membersOf(status: object): readonly string[] {
  return [...new Set(pathsOf("", status))].toSorted();
}

function pathsOf(path: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [path];
  if (Array.isArray(value)) return value.flatMap((element) => pathsOf(`${path}[]`, element));
  const members = Object.entries(value);
  if (members.map(([name]) => name).join() === "p50,p99,max") return [`${path}…`];
  return members.flatMap(([name, member]) =>
    pathsOf(path === "" ? name : `${path}.${name}`, member),
  );
}
