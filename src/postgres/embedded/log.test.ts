import { afterAll, expect, test } from "bun:test";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followServerLog, parseServerLog, serverLogSize } from "./log.ts";
import { until } from "./process.ts";

const directory = await mkdtemp(join(tmpdir(), "sluice-log-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

const line = (severity: string, message: string, code = "00000") =>
  `2026-11-21 09:57:00.123 UTC [4711] ${code} ${severity}:  ${message}\n`;

test("only lines that report trouble are parsed", () => {
  const text =
    line("LOG", "database system is ready to accept connections") +
    line("ERROR", "duplicate key value violates unique constraint", "23505") +
    line("PANIC", "could not write to file: No space left on device", "53100") +
    "\tcontinued: FATAL: not a separate line\n" +
    line("FATAL", "password authentication failed", "28P01");
  expect(parseServerLog(text)).toEqual([
    {
      severity: "PANIC",
      code: "53100",
      message: "could not write to file: No space left on device",
    },
    { severity: "FATAL", code: "28P01", message: "password authentication failed" },
  ]);
});

test("new lines are logged, with a limit, and a long file is truncated", async () => {
  const path = join(directory, "postgres.log");
  await writeFile(path, line("PANIC", "from before"));
  const messages: string[] = [];
  const stop = await followServerLog(path, (level, message) =>
    messages.push(`${level} ${message}`),
  );
  await appendFile(path, line("PANIC", "now") + line("WARNING", "again and again").repeat(50));
  await until(async () => messages.length > 0, 3000);
  expect(messages[0]).toBe("error embedded PostgreSQL: now");
  expect(messages).toHaveLength(21);
  expect(messages.at(-1)).toBe("warn embedded PostgreSQL: more lines are in its log");

  await appendFile(path, "x".repeat(17 * 1024 * 1024));
  await until(async () => (await serverLogSize(path)) === 0, 3000);
  expect(await serverLogSize(`${path}.1`)).toBeGreaterThan(17 * 1024 * 1024);
  await appendFile(path, line("FATAL", "afterwards"));
  await until(async () => messages.length > 21, 3000);
  expect(messages.at(-1)).toBe("warn embedded PostgreSQL: afterwards");
  stop();
});
