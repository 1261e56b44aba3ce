/** The scripts of `sluice completion`, each run by the shell that it is for. */

import { expect } from "bun:test";
import { runSluice } from "../../support/command.ts";
import { bash, fish, type Tool, toolTest, zsh } from "../../support/tools.ts";

interface Case {
  readonly typed: readonly string[];
  /** Words that must be among those offered. */
  readonly offers: readonly string[];
  /** Words that must not be offered. */
  readonly lacks?: readonly string[];
}

const cases: readonly Case[] = [
  { typed: [""], offers: ["serve", "publish", "topic", "completion"], lacks: ["load", "create"] },
  { typed: ["topic", ""], offers: ["list", "create"], lacks: ["serve"] },
  { typed: ["topic", "create", "--"], offers: ["--layout", "--url"], lacks: ["--json-lines"] },
  { typed: ["topic", "create", "x", "--layout", ""], offers: ["records", "frames"] },
  { typed: ["simulate", "watch", "--call", ""], offers: ["collect", "ingest"] },
  { typed: ["schema", "config", "x", ""], offers: ["FULL", "BACKWARD_TRANSITIVE"] },
  // The value of an option is not a command.
  { typed: ["topic", "list", "--url", "schema", "--"], offers: ["--json"], lacks: ["--dry-run"] },
];

interface Shell {
  readonly tool: Tool;
  /** A command that completes what was typed and prints one offered word a line. */
  readonly command: (path: string, script: string, typed: readonly string[]) => string[];
}

const shells: readonly Shell[] = [
  {
    tool: bash,
    command: (path, script, typed) => [
      ...[path, "--norc", "-c"],
      `${script}
COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ...["bash", ...typed],
    ],
  },
  {
    tool: zsh,
    // compadd and _describe work only while a line is edited, so these replacements print their words.
    command: (path, script, typed) => [
      ...[path, "-f", "-c"],
      `compdef() { }
compadd() { print -l -- "$@" }
_describe() { print -l -- "\${(@)names%%:*}" }
_files() { }
${script}
words=(sluice "$@"); CURRENT=$(($# + 1)); _sluice`,
      ...["zsh", ...typed],
    ],
  },
  {
    tool: fish,
    command: (path, script, typed) => [
      ...[path, "--no-config", "-c", `${script}\ncomplete -C "$argv" | string split -f1 \\t`],
      ["sluice", ...typed].join(" "),
    ],
  },
];

for (const { tool, command } of shells) {
  toolTest(tool, `${tool.name} completes commands, options and values`, async (path) => {
    const { code, output: script } = await runSluice(["completion", tool.name]).ended;
    expect(code).toBe(0);
    for (const { typed, offers, lacks = [] } of cases) {
      const child = Bun.spawn(command(path, script, typed), { stdout: "pipe", stderr: "pipe" });
      const [output, errors] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect({ typed, errors }).toEqual({ typed, errors: "" });
      const words = output.trim().split("\n");
      expect({ typed, words }).toEqual({ typed, words: expect.arrayContaining([...offers]) });
      expect(words.filter((word) => lacks.includes(word))).toEqual([]);
    }
  });
}
