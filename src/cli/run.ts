/** Finds the command that the words name and runs it; maps what it throws to exit codes. */

import process from "node:process";
import { build } from "../core/build.ts";
import { Failure } from "../core/failure.ts";
import { ConfigError } from "../gateway/settings.ts";
import { EmbeddedError } from "../postgres/embedded/error.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  type CommandGroup,
  type CommandNode,
  isGroup,
  visibleCommands,
} from "./command/command.ts";
import { exitCodes } from "./command/exit-codes.ts";
import { helpText, usageLine } from "./command/help.ts";
import { nearest } from "./command/parse.ts";
import { UsageError } from "./command/usage-error.ts";
import { serveProcess } from "./serve-process.ts";
import { serve, settingsHint } from "./serve.ts";

/** Runs `sluice <command> …`; without a command it serves. */
export async function runCommand(runtime: Runtime): Promise<void> {
  const endable = endedBySignals(runtime);
  const { root, path, node, rest } = await findCommand(runtime.args);
  try {
    if (rest.includes("--help") || rest.includes("-h")) {
      return runtime.print(helpText(node, path));
    }
    if (node === root && (rest[0] === "--version" || rest[0] === "-v")) {
      return runtime.print(versionLine(runtime));
    }
    if (isGroup(node)) throw unknownCommand(node, path, rest, node === root);
    const code = await node.run(endable, rest, path);
    if (code !== undefined) await exitWithOutput(endable, code);
  } catch (error) {
    if (error instanceof UsageError) {
      const hint = isGroup(node) || node.hint === undefined ? "" : ` ${node.hint}`;
      runtime.logLine(
        `${error.message}\nUsage: ${usageLine(node, path)}; more with --help.${hint}\n`,
      );
      return await exitWithOutput(endable, exitCodes.usage);
    }
    runtime.logLine(`${describeError(error)}\n`);
    const code = error instanceof ConfigError ? exitCodes.usage : exitCodes.failed;
    await exitWithOutput(endable, code);
  }
}

interface Found {
  /** The group of all commands; undefined where it was not needed. */
  readonly root: CommandGroup | undefined;
  readonly path: readonly string[];
  readonly node: CommandNode;
  /** The words that follow the command. */
  readonly rest: readonly string[];
}

async function findCommand(words: readonly string[]): Promise<Found> {
  // `sluice help topic create` is `sluice topic create --help`.
  const [first, ...others] = words;
  if (first === "help") return await findCommand([...others, "--help"]);
  // The other commands take 1 MB, and the gateway would keep them for as long as it runs.
  if (first === undefined || first === serve.name) {
    return { root: undefined, path: ["sluice", serve.name], node: serve, rest: others };
  }
  if (first === serveProcess.name) {
    return { root: undefined, path: ["sluice", first], node: serveProcess, rest: others };
  }
  const { sluice: root } = await import("./sluice.ts");
  const path = ["sluice"];
  let node: CommandNode = root;
  let rest = words;
  while (isGroup(node)) {
    const [name, ...behind]: readonly string[] = rest;
    const next: CommandNode | undefined = node.commands.find(
      (one) => name !== undefined && [one.name, one.alias].includes(name),
    );
    if (next === undefined) break;
    path.push(next.name);
    node = next;
    rest = behind;
  }
  return { root, path, node, rest };
}

function unknownCommand(
  group: CommandGroup,
  path: readonly string[],
  [given]: readonly string[],
  isRoot: boolean,
): UsageError {
  const names = visibleCommands(group).map(({ name }) => name);
  const run = `Cannot run ${path.join(" ")}`;
  if (given === undefined) {
    return new UsageError(`${run}: a command is missing, expected one of ${names.join(", ")}`);
  }
  if (isRoot && given.startsWith("-")) {
    return new UsageError(`${run} ${given}: there is no such option. ${settingsHint}`);
  }
  const near = nearest(given, names);
  const expected =
    near === undefined ? `expected one of ${names.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`${run} ${given}: there is no such command, ${expected}`);
}

/**
 * A command that finishes its work on a signal calls `onStop` and decides on the exit code. Any other
 * command ends immediately. A closed output (`| head`) stops a command as a signal does, with code 0.
 */
function endedBySignals(runtime: Runtime): Runtime {
  let callback: ((signal: string) => void) | undefined;
  let isOutputClosed = false;
  runtime.onStop((signal) => {
    if (callback !== undefined) return callback(signal);
    runtime.exit(signal === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted);
  });
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") {
      runtime.logLine(`Cannot write to standard output: ${error.message}\n`);
      runtime.exit(exitCodes.failed);
    }
    if (isOutputClosed) return;
    isOutputClosed = true;
    if (callback === undefined) runtime.exit(exitCodes.done);
    callback(error.code);
  });
  // A closed standard error is not a reason to stop.
  process.stderr.on("error", () => {});
  return { ...runtime, onStop: (taken) => void (callback = taken) };
}

/** Lines that a slow reader has not taken yet are written first; a signal ends the wait for it. */
async function exitWithOutput(runtime: Runtime, code: number): Promise<never> {
  runtime.onStop(() => runtime.exit(code));
  const outputs = [process.stdout, process.stderr];
  await Promise.all(outputs.map((output) => new Promise<void>((resolve) => output.end(resolve))));
  runtime.exit(code);
}

/** Errors that people can act on are shown in their own words, others with the stack. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isWorded = [Failure, ConfigError, EmbeddedError].some((kind) => error instanceof kind);
  return isWorded ? error.message : (error.stack ?? error.message);
}

function versionLine({ name }: Runtime): string {
  const { version, commit } = build;
  return `sluice ${version} (${commit === undefined ? "" : `commit ${commit}, `}${name})\n`;
}
