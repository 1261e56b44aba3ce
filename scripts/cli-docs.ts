// Writes the list of commands in docs/cli.md from their declarations: `bun run docs`. A test compares.

import { join } from "node:path";
import {
  type Command,
  type CommandExample,
  type CommandNode,
  isGroup,
  visibleCommands,
} from "../src/cli/command/command.ts";
import { argumentRows, optionRows, type Row, usageLine } from "../src/cli/command/help.ts";
import { sluice } from "../src/cli/sluice.ts";
import { root } from "./install.ts";

export const cliPage = join(root, "docs/cli.md");

const begin = "<!-- From the declarations in src/cli: bun run docs -->\n";

if (import.meta.main) {
  await Bun.write(cliPage, withCommands(await Bun.file(cliPage).text()));
}

/** The page with its list of commands replaced by what is declared. */
export function withCommands(page: string): string {
  const head = page.slice(0, page.indexOf(begin) + begin.length);
  return `${head}\n${sectionsOf(sluice, ["sluice"]).join("\n")}`;
}

function sectionsOf(node: CommandNode, path: readonly string[]): string[] {
  if (!isGroup(node)) return [commandSection(node, path)];
  return visibleCommands(node).flatMap((child) => sectionsOf(child, [...path, child.name]));
}

function commandSection(command: Command, path: readonly string[]): string {
  const { summary, description, arguments: given, options, examples } = command;
  return [
    `### ${path.join(" ")}\n`,
    `\`\`\`\n${usageLine(command, path)}\n\`\`\`\n`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n`,
    ...(description === undefined ? [] : [`${description}\n`]),
    ...table(argumentRows(given), optionRows(options)),
    ...examples.map(exampleBlock),
  ].join("\n");
}

function table(...parts: readonly (readonly Row[])[]): string[] {
  const rows = parts.flat();
  if (rows.length === 0) return [];
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = rows.map(([name, doc]) => `| \`${cell(name)}\` | ${cell(doc)} |\n`);
  return [`| | |\n|---|---|\n${lines.join("")}`];
}

function exampleBlock({ line, prints = [], isLive, notRun }: CommandExample): string {
  const run = isLive === true ? "run live" : "run";
  const mode = notRun === undefined ? run : `no-run: ${notRun}`;
  const expected = prints.map((text) => `# → ${text}\n`).join("");
  return `\`\`\`sh ${mode}\n${line}\n${expected}\`\`\`\n`;
}
