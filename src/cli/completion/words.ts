/** What can follow each command, without types: the scripts of all shells are made from it. */

import {
  type CommandGroup,
  type CommandNode,
  isGroup,
  visibleCommands,
} from "../command/command.ts";
import { type Parameter, shown } from "../command/parameters.ts";

export interface CompletedOption {
  /** With its dashes. */
  readonly name: string;
  readonly doc: string;
  /** A flag takes no value. */
  readonly isFlag: boolean;
  readonly choices: readonly string[];
  readonly isPath: boolean;
}

export interface CompletedCommand {
  /** `topic create`; empty for `sluice` alone. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly CompletedOption[];
  /** The choices of its arguments, all of them together. */
  readonly choices: readonly string[];
  /** Whether an argument is a path. */
  readonly takesPath: boolean;
}

export function wordsOf(root: CommandGroup): CompletedCommand[] {
  return [...walk(root, [])];
}

function* walk(node: CommandNode, path: readonly string[]): Generator<CompletedCommand> {
  if (!isGroup(node)) {
    const given = Object.values(node.arguments);
    yield {
      path: path.join(" "),
      commands: [],
      options: [
        ...shown(node.options).map(([name, one]) => completedOption(`--${name}`, one)),
        help,
      ],
      choices: given.flatMap(({ choices = [] }) => choices),
      takesPath: given.some(({ isPath }) => isPath === true),
    };
    return;
  }
  const commands = visibleCommands(node);
  const children = commands.map(({ name, summary }) => ({ name, summary }));
  const options = path.length === 0 ? [help, version] : [help];
  yield { path: path.join(" "), commands: children, options, choices: [], takesPath: false };
  for (const child of commands) yield* walk(child, [...path, child.name]);
}

function completedOption(
  name: string,
  { doc, value, choices = [], isPath = false }: Parameter<unknown>,
): CompletedOption {
  return { name, doc, isFlag: value === undefined, choices, isPath };
}

const help = completedOption("--help", { doc: "show what the command takes", parse: () => true });
const version = completedOption("--version", { doc: "print the version", parse: () => true });
