/** What `--help` shows, and how a usage error ends. */

import {
  type Command,
  type CommandGroup,
  type CommandNode,
  isGroup,
  visibleCommands,
} from "./command.ts";
import { type Parameter, type Parameters, shown } from "./parameters.ts";

const gap = 2;
/** A longer name has its text on the next line. */
const nameWidthMax = 30;

export function helpText(node: CommandNode, path: readonly string[]): string {
  return isGroup(node) ? groupHelp(node, path) : commandHelp(node, path);
}

/** `sluice topic create NAME [options]`. */
export function usageLine(node: CommandNode, path: readonly string[]): string {
  const name = path.join(" ");
  if (isGroup(node)) return `${name} <command>`;
  const given = Object.entries(node.arguments).map(([key, parameter]) => {
    const shown = `${parameter.value ?? key}${parameter.isRepeatable === true ? "..." : ""}`;
    return parameter.required === true ? shown : `[${shown}]`;
  });
  return [name, ...given, ...(Object.keys(node.options).length > 0 ? ["[options]"] : [])].join(" ");
}

/** The doc of a parameter with its default and the variable that changes it. */
function parameterDoc({ doc, default: fallback, environment }: Parameter<unknown>): string {
  const notes = [
    ...(environment === undefined ? [] : [environment]),
    ...(fallback === undefined || fallback === "" ? [] : [`default ${fallback}`]),
  ];
  return notes.length === 0 ? doc : `${doc} (${notes.join(", ")})`;
}

/** `--layout records|frames`. */
function optionName(name: string, { value, choices }: Parameter<unknown>): string {
  if (value === undefined) return `--${name}`;
  return `--${name} ${choices === undefined ? value : choices.join("|")}`;
}

function commandHelp(command: Command, path: readonly string[]): string {
  const { summary, description, arguments: given, options, examples } = command;
  const sections = [
    `${usageLine(command, path)}\n\n${sentence(summary)}\n`,
    ...(description === undefined ? [] : [`${description}\n`]),
    ...section("Arguments", argumentRows(given)),
    ...section("Options", optionRows(options)),
    ...section(
      "Examples",
      examples.flatMap(({ line }) => line.split("\n").map((one): Row => [one, ""])),
    ),
  ];
  return sections.join("\n");
}

function groupHelp(group: CommandGroup, path: readonly string[]): string {
  const rows = visibleCommands(group).map((node): Row => [node.name, node.summary]);
  const more = `\`${path.join(" ")} <command> --help\` shows what a command takes.\n`;
  return [
    `${usageLine(group, path)}\n\n${sentence(group.summary)}\n`,
    ...section("Commands", rows),
    ...(group.description === undefined ? [] : [`${group.description}\n`]),
    more,
  ].join("\n");
}

export type Row = readonly [name: string, doc: string];

export function argumentRows(parameters: Parameters): Row[] {
  return Object.entries(parameters).map(([name, parameter]) => [
    parameter.value ?? name,
    parameterDoc(parameter),
  ]);
}

export function optionRows(parameters: Parameters): Row[] {
  return shown(parameters).map(([name, parameter]) => [
    optionName(name, parameter),
    parameterDoc(parameter),
  ]);
}

function section(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => (name.length > nameWidthMax ? 0 : name.length)));
  const lines = rows.map(([name, doc]) => {
    if (doc === "") return `  ${name}\n`;
    const isLong = name.length > width;
    const indent = isLong
      ? `\n${" ".repeat(2 + width + gap)}`
      : " ".repeat(width - name.length + gap);
    return `  ${name}${indent}${doc}\n`;
  });
  return [`${title}\n${lines.join("")}`];
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
