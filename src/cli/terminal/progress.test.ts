import { expect, test } from "bun:test";
import type { Runtime } from "../../runtime/runtime.ts";
import { Progress } from "./progress.ts";

function recorded(isTerminal: boolean) {
  let written = "";
  const runtime = { logLine: (text: string) => void (written += text) } as Runtime;
  return { progress: new Progress(runtime, isTerminal), written: () => written };
}

test("a terminal shows one line, which is written over and removed", () => {
  const { progress, written } = recorded(true);
  progress.line("12 rows sent");
  progress.line("9 sent");
  progress.clear();
  progress.clear();
  expect(written()).toBe(`\r12 rows sent\r9 sent      \r${" ".repeat(6)}\r`);
});

test("a complete bar ends its line", () => {
  const { progress, written } = recorded(true);
  progress.show("creating", 1, 2);
  progress.show("creating", 2, 2);
  expect(written().split("\r").at(-1)).toBe(`creating ${"#".repeat(24)} 2/2\n`);
});

test("without a terminal it prints whole lines, at most one in five seconds", () => {
  const { progress, written } = recorded(false);
  for (let done = 1; done <= 100; done++) progress.show("creating", done, 100);
  progress.line("more");
  progress.clear();
  expect(written()).toBe("creating 1/100\n");
});
