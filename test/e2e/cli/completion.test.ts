/** The scripts of `sluice completion`, each in its own shell. */

import { describe, expect, test } from "bun:test";
import { runSluice } from "../../support/command.ts";

interface Case {
  readonly typed: readonly string[];
  /** Some of what must be offered. */
  readonly offers: readonly string[];
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

const shells = {
  bash: (script: string, typed: readonly string[]) => [
    ...["bash", "--norc", "-c"],
    `${script}
COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ...["bash", ...typed],
  ],
  // compadd and _describe work only while a line is edited: here they print what they are given.
  zsh: (script: string, typed: readonly string[]) => [
    ...["zsh", "-f", "-c"],
    `compdef() { }
compadd() { print -l -- "$@" }
_describe() { print -l -- "\${(@)names%%:*}" }
_files() { }
${script}
words=(sluice "$@"); CURRENT=$(($# + 1)); _sluice`,
    ...["zsh", ...typed],
  ],
  fish: (script: string, typed: readonly string[]) => [
    ...["fish", "--no-config", "-c", `${script}\ncomplete -C "$argv" | string split -f1 \\t`],
    ["sluice", ...typed].join(" "),
  ],
};

describe.each(["bash", "zsh", "fish"] as const)("%s", (shell) => {
  const isHere = Bun.which(shell) !== null;
  const why = isHere ? "" : ` (skipped: ${shell} is not installed)`;
  test.skipIf(!isHere)(`completes commands, options and values${why}`, async () => {
    const { code, output: script } = await runSluice(["completion", shell]).ended;
    expect(code).toBe(0);
    for (const { typed, offers, lacks = [] } of cases) {
      const child = Bun.spawn(shells[shell](script, typed), { stdout: "pipe", stderr: "pipe" });
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
});
