/**
 * The command line as data: each command declares its arguments, options and examples once. Parsing,
 * help, usage errors, shell completion and docs/cli.md are made from the declarations.
 *
 * `parseArgs` of node:util splits the words; the rest is the few files beside this one, because no
 * package fits better. @optique/core alone completes for bash, zsh and fish and infers types; it
 * takes 4 MB and 25 ms a start, and its combinators give no data to write the documentation from.
 * commander, citty and cleye complete nothing, stricli completes for bash alone, and gunshi is before
 * its first release. None of them words an error as the gateway does.
 */

import type { Runtime } from "../../runtime/runtime.ts";
import type { Parameters } from "./parameters.ts";
import { parseWords } from "./parse.ts";

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** What declared parameters are read as; `--id-column` is `idColumn`. */
export type ValuesOf<Declared extends Parameters> = {
  readonly [Name in keyof Declared & string as CamelCase<Name>]: ReturnType<
    Declared[Name]["parse"]
  >;
};

/** What to type and, for the documentation, what it prints. */
export interface CommandExample {
  /** One line, or two where the first prepares the second. */
  readonly line: string;
  /** Texts of the output, in their order; `…` is any text of a line. */
  readonly prints?: readonly string[];
  /** The example has no end: the test stops it once it has printed these texts. */
  readonly isLive?: boolean;
  /** Why a test cannot run it. */
  readonly notRun?: string;
}

interface Named {
  /** A single word. */
  readonly name: string;
  /** An old spelling of the name: it works, and nothing shows it. */
  readonly alias?: string;
  /** One line, lower case, without a full stop. */
  readonly summary: string;
}

interface Declaration extends Named {
  /** Paragraphs, broken into lines of at most 100 characters. */
  readonly description?: string;
  /** Shown in their order. */
  readonly arguments: Parameters;
  readonly options: Parameters;
  readonly examples: readonly CommandExample[];
  /** A sentence that usage errors end with. */
  readonly hint?: string;
  /** Left out of help, completion and documentation: a process that another command starts. */
  readonly isInternal?: boolean;
}

export interface Command extends Declaration {
  /**
   * Throws `UsageError` for words that do not fit, before it does anything. Gives the exit code of a
   * process that ends now; without one it ends when nothing runs in it any more.
   */
  run(runtime: Runtime, words: readonly string[], path: readonly string[]): Promise<number | void>;
}

/** A command that only leads to others. */
export interface CommandGroup extends Named {
  readonly description?: string;
  readonly commands: readonly CommandNode[];
}

export type CommandNode = Command | CommandGroup;

export function isGroup(node: CommandNode): node is CommandGroup {
  return "commands" in node;
}

/** Those that are shown. */
export function visibleCommands({ commands }: CommandGroup): readonly CommandNode[] {
  return commands.filter((node) => isGroup(node) || node.isInternal !== true);
}

/** `run` gets the values with their types; it imports what is slow to load when it is called. */
export function command<const Arguments extends Parameters, const Options extends Parameters>(
  declaration: Omit<Declaration, "arguments" | "options"> & {
    readonly arguments: Arguments;
    readonly options: Options;
    readonly run: (
      runtime: Runtime,
      values: ValuesOf<Arguments> & ValuesOf<Options>,
    ) => Promise<number | void>;
  },
): Command {
  return {
    ...declaration,
    async run(runtime, words, path) {
      const values = parseWords(declaration, words, path, runtime.environment);
      return await declaration.run(runtime, values as ValuesOf<Arguments> & ValuesOf<Options>);
    },
  };
}
