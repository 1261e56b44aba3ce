/** What a gateway leaves on the machine: of a killed one nothing runs on, and nothing stays for long. */

import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { post } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();

/** Compiling it takes the compiler about a second. */
const largeEnum = `syntax = "proto3";\nenum E {\n${Array.from({ length: 20_000 }, (_, n) => `V${n} = ${n};`).join("\n")}\n}`;

test(
  "a gateway that is killed while it compiles leaves no compiler, and the next one removes its folder",
  async () => {
    const gateway = await start();
    const prefix = `sluice-compile-${gateway.pid}-`;
    const answer = post(`${gateway.url}/subjects/large/versions`, {
      schemaType: "PROTOBUF",
      schema: largeEnum,
    }).catch(() => undefined);
    await until("the compiler to run", 20_000, () => runningIn(prefix).length > 0);
    await gateway.kill9();
    await answer;
    await until("the compiler to end", 1000, () => runningIn(prefix).length === 0);

    const [folder = ""] = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix));
    expect(folder).not.toBe("");
    const twoMinutesAgo = new Date(Date.now() - 120_000);
    utimesSync(join(tmpdir(), folder), twoMinutesAgo, twoMinutesAgo);
    await start();
    await until("the folder to be removed", 5000, () => !readdirSync(tmpdir()).includes(folder));
  },
  timeoutMs,
);

test(
  "other users of the machine cannot list a data directory that the gateway created",
  async () => {
    const parent = mkdtempSync(join(tmpdir(), "sluice-test-"));
    const dataDir = join(parent, "data");
    const gateway = await start({ dataDir });
    // As root PostgreSQL runs as another user, which must pass through.
    expect((statSync(dataDir).mode & 0o777).toString(8)).toBe(
      process.getuid?.() === 0 ? "711" : "700",
    );
    await gateway.stop();
    rmSync(parent, { recursive: true });
  },
  timeoutMs,
);

/** Processes that work in a folder of this prefix. */
function runningIn(prefix: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).includes(`/${prefix}`);
    } catch {
      // It has ended since.
      return false;
    }
  });
}
