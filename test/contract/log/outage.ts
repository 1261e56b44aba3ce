import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { failureFrom } from "../../../src/core/failure.ts";
import type { LogDriver } from "../../../src/core/log.ts";
import { type Position, renderPosition } from "../../../src/core/position.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import type { Ack } from "./gateway.ts";
import {
  eventually,
  failureOf,
  firstDisorder,
  readAll,
  record,
  sleepMs,
  type Suite,
  textOf,
  textsOf,
} from "./suite.ts";

const awayMs = process.env["SLUICE_TEST_LONG"] === "1" ? 30_000 : 3_000;
/** What an append may take to fail: 10 s, and a second for a busy machine. */
const failWithinMs = 11_000;

export function outageContract(suite: Suite): void {
  const { broker, gateway } = suite.harness;

  if (broker === undefined) {
    test.skip("the broker away: this log has no process to end", () => {});
  } else {
    for (const layout of ["records", "frames"] as const) {
      test(
        `${layout}: the broker is killed and away for ${awayMs / 1000} s: nothing acknowledged is lost, no reader misses or repeats`,
        async () => {
          const nodes = [await suite.node(0), await suite.node(1)] as const;
          const topic = await suite.topic({ layout });
          const stop = new AbortController();
          const acks = new Map<string, string>();
          const failures: { code: string; tookMs: number }[] = [];
          const readers = nodes.flatMap((log) => [
            persistentReader(log, topic, undefined, stop.signal),
            persistentReader(log, topic, "k1", stop.signal),
          ]);
          const appending = [0, 1, 2, 3].map(async (appender) => {
            const log = nodes[appender % 2 === 0 ? 0 : 1];
            for (let i = 0; !stop.signal.aborted; i++) {
              const values = [`${appender}:${i}:0`, `${appender}:${i}:1`];
              const start = performance.now();
              try {
                const answer = await log.append(
                  topic,
                  values.map((value, v) => record(value, { key: `k${v}` })),
                );
                for (const [v, value] of values.entries()) {
                  acks.set(value, renderPosition(answer.at(v)));
                }
              } catch (error) {
                const { code } = failureFrom(error);
                failures.push({ code, tookMs: performance.now() - start });
                await sleepMs(50);
              }
            }
          });

          await eventually("a first stretch of acks", () => acks.size > 400, 30_000);
          await nodes[0].ping();
          await broker.kill9();
          expect((await failureOf(nodes[0].ping())).code).toBe("unavailable");
          await sleepMs(awayMs);
          const before = acks.size;
          await broker.start();
          // No gateway needs a restart: it reconnects to its broker on its own.
          await eventually("acks after the restart", () => acks.size > before + 400, 40_000);
          await nodes[0].ping();
          stop.abort();
          await Promise.all(appending);

          expect(failures.filter((each) => each.code !== "unavailable")).toEqual([]);
          expect(failures.filter((each) => each.tookMs > failWithinMs)).toEqual([]);
          const stored = await readAll(nodes[0], topic);
          const positions = new Map(
            stored.map((each) => [textOf(each), renderPosition(each.position)]),
          );
          const lost = [...acks].filter(([value, position]) => positions.get(value) !== position);
          expect(lost).toEqual([]);
          expect(firstDisorder(stored.map((each) => each.position))).toBe(-1);

          for (const reader of readers) {
            const wanted = stored.filter(
              (each) => reader.key === undefined || each.record.key === reader.key,
            );
            const records = await reader.finish(wanted.length);
            expect(textsOf(records)).toEqual(textsOf(wanted));
          }
        },
        awayMs + 120_000,
      );
    }
  }

  if (gateway === undefined) {
    test.skip("a killed gateway: this log lives in the gateway's own memory", () => {});
    return;
  }

  test("a gateway is killed while it appends: every ack that it printed is in the log", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout: "records" });
    for (let round = 0; round < 3; round++) {
      const child = startGateway(gateway.module, gateway.config(), topic);
      await eventually("acks", () => child.acks().length > 100 + round * 50, 30_000);
      await child.kill9();
      await expectStored(log, topic, child.acks());
    }
  }, 120_000);

  if (broker !== undefined) {
    test("broker and gateway are killed one after the other: every printed ack is in the log", async () => {
      const log = await suite.node();
      const topic = await suite.topic({ layout: "records" });
      const child = startGateway(gateway.module, gateway.config(), topic);
      for (let round = 0; round < 3; round++) {
        const before = child.acks().length;
        await eventually("acks", () => child.acks().length > before + 100, 40_000);
        await broker.kill9();
        await broker.start();
      }
      await child.kill9();
      await eventually(
        "the log",
        () =>
          log.bounds(topic).then(
            () => true,
            () => false,
          ),
        30_000,
      );
      await expectStored(log, topic, child.acks());
    }, 180_000);
  }
}

/** Resumes after its last `through` whenever the log is unavailable, as the contract expects of a caller. */
function persistentReader(
  log: LogDriver,
  topic: string,
  key: string | undefined,
  stop: AbortSignal,
) {
  const records: StoredRecord[] = [];
  const end = new AbortController();
  let after: Position | "earliest" = "earliest";
  const run = async () => {
    const options = { signal: end.signal, ...(key === undefined ? {} : { key }) };
    while (!end.signal.aborted) {
      try {
        for await (const batch of log.read(topic, { ...options, after })) {
          records.push(...batch.records);
          after = batch.through;
        }
      } catch (error) {
        const failure = failureFrom(error);
        if (failure.code !== "unavailable") throw failure;
        await sleepMs(100);
      }
    }
  };
  const done = run();
  done.catch(() => {
    // Reported by finish(), which awaits the same promise.
  });
  return {
    key,
    async finish(count: number): Promise<readonly StoredRecord[]> {
      if (!stop.aborted) throw new Error("Appends have to end before the readers");
      await eventually(`${count} records`, () => records.length >= count, 30_000);
      // Long enough for a record that is given twice to show.
      await sleepMs(100);
      end.abort();
      await done;
      return records;
    },
  };
}

function startGateway(module: string, config: string, topic: string) {
  const script = fileURLToPath(new URL("./gateway.ts", import.meta.url));
  const child = Bun.spawn([process.execPath, script, module, config, topic], {
    stdout: "pipe",
    stderr: "inherit",
  });
  let output = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  return {
    /** What it has printed; a line cut off by its death was not printed. */
    acks: (): Ack[] =>
      output
        .split("\n")
        .slice(0, -1)
        .map((line): Ack => JSON.parse(line)),
    async kill9() {
      child.kill("SIGKILL");
      await child.exited;
      await reading;
    },
  };
}

async function expectStored(log: LogDriver, topic: string, acks: readonly Ack[]): Promise<void> {
  expect(acks.length).toBeGreaterThan(0);
  const stored = new Map(
    (await readAll(log, topic)).map((each) => [renderPosition(each.position), textOf(each)]),
  );
  expect(acks.filter((ack) => stored.get(ack.position) !== ack.value)).toEqual([]);
}
