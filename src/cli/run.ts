/** Finds the command and runs it. A command's module is loaded only when it is asked for. */
import { ConfigError } from "../gateway/config.ts";
import { Failure } from "../core/failure.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { EmbeddedError } from "../postgres/embedded/error.ts";
import { type Command, UsageError } from "./command.ts";

const commands = new Map<string, () => Promise<Command>>([
  ["serve", async () => (await import("./serve.ts")).serve],
  ["simulate", async () => (await import("./simulate.ts")).simulate],
  ["consume", async () => (await import("./consume.ts")).consume],
  ["analyse", async () => (await import("./analyse.ts")).analyse],
  ["bench", async () => (await import("./bench.ts")).bench],
  ["topic", async () => (await import("./topic.ts")).topic],
  ["schema", async () => (await import("./schema.ts")).schema],
]);

/** Runs `sluice <command> …`; without a command it serves. */
export async function runCommand(runtime: Runtime): Promise<void> {
  const [first, ...rest] = runtime.args;
  const named = first !== undefined && !first.startsWith("-");
  const name = named ? first : "serve";
  const args = named ? rest : runtime.args;
  if (name === "help" || (!named && isHelp(args))) return await printHelp(runtime);
  const load = commands.get(name);
  if (load === undefined) {
    runtime.logLine(
      `There is no command "${name}": expected one of ${[...commands.keys()].join(", ")}\n`,
    );
    return runtime.exit(2);
  }
  const command = await load();
  if (isHelp(args)) return runtime.print(`${command.usage}\n`);
  try {
    await command.run(runtime, args);
  } catch (error) {
    const wrong = error instanceof UsageError || isParseArgsError(error);
    runtime.logLine(`${told(error)}\n${wrong ? `\n${command.usage}\n` : ""}`);
    runtime.exit(wrong || error instanceof ConfigError ? 2 : 1);
  }
}

function isHelp(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

async function printHelp(runtime: Runtime): Promise<void> {
  runtime.print("sluice <command> [options]\n\n");
  for (const [name, load] of commands) {
    runtime.print(`  ${name.padEnd(10)} ${(await load()).summary}\n`);
  }
  runtime.print("\n`sluice <command> --help` tells its options. Without a command it serves.\n");
}

/** `node:util` parseArgs refuses with codes of this family. */
function isParseArgsError(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")
  );
}

/** What people can act on is told in its own words; the rest with its stack. */
function told(error: unknown): string {
  const own = [UsageError, ConfigError, Failure, EmbeddedError].some(
    (kind) => error instanceof kind,
  );
  if (!(error instanceof Error)) return String(error);
  return own || isParseArgsError(error) ? error.message : (error.stack ?? error.message);
}
