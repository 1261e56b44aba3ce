/**
 * The examples of the documentation, which are run as they stand. A fenced block of `sh`, `ts` or
 * `ws` says after its language what is done with it:
 *
 *     run            run it: it has to succeed
 *     run live       it has no end of its own: it is stopped once it has printed what is expected
 *     no-run: why    it is not run, for a reason that stands there
 *
 * What is expected stands in the block, in this order somewhere in the output; `…` is any text of
 * a line. Behind `# → ` in `sh`, behind `// → ` in `ts`. A `ws` block is a talk on `/v1/ws`: `> ` is
 * said, `< ` is what has to come, in any order; a `$name` in what comes is kept for what is said.
 */

const languages = ["sh", "ts", "ws"] as const;
export type Language = (typeof languages)[number];

/** Spellings that would slip by the rule. */
const otherSpellings: Readonly<Record<string, Language>> = {
  bash: "sh",
  shell: "sh",
  console: "sh",
  zsh: "sh",
  typescript: "ts",
  js: "ts",
  javascript: "ts",
};

export interface Example {
  /** Where it begins, for messages: `docs/topics.md:12`. */
  readonly place: string;
  readonly language: Language;
  readonly code: string;
  /** It has no end of its own. */
  readonly live: boolean;
}

export interface Extracted {
  readonly examples: readonly Example[];
  /** Blocks that say neither, or say it wrong. */
  readonly problems: readonly string[];
}

export function extractExamples(file: string, markdown: string): Extracted {
  const examples: Example[] = [];
  const problems: string[] = [];
  // A fence that is indented (in a list) is one, too; its indent is not part of the code.
  for (const match of markdown.matchAll(/^( *)```([^\n]*)\n([\s\S]*?)^\1```$/gm)) {
    const [, indent = "", info = "", body = ""] = match;
    const [name = "", ...rest] = info.trim().split(/\s+/);
    const place = `${file}:${markdown.slice(0, match.index).split("\n").length}`;
    const spelled = otherSpellings[name];
    if (spelled !== undefined) problems.push(`${place}: write "${spelled}" instead of "${name}"`);
    const language = languages.find((known) => known === name);
    if (language === undefined) continue;
    const code = body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    const mode = parseMode(rest.join(" "));
    if (mode === undefined) {
      problems.push(
        `${place}: say after "${name}" whether it is run: "run", "run live" or "no-run: why"`,
      );
    } else if (mode !== "skip") examples.push({ place, language, code, live: mode === "live" });
  }
  return { examples, problems };
}

function parseMode(text: string): "skip" | "run" | "live" | undefined {
  if (/^no-run: \S/.test(text)) return "skip";
  if (text === "run live") return "live";
  return text === "run" ? "run" : undefined;
}

/** What the block says of its own output, in order. */
export function expectations({ language, code }: Pick<Example, "language" | "code">): string[] {
  const marker = language === "sh" ? /^\s*# → (.*)$/gm : /\/\/ → (.*)$/gm;
  return [...code.matchAll(marker)].map(([, text = ""]) => text.trimEnd());
}

/** The first expectation that the output does not meet, or undefined. */
export function missing(expected: readonly string[], output: string): string | undefined {
  let from = 0;
  for (const text of expected) {
    const found = patternOf(text).exec(output.slice(from));
    if (found === null) return text;
    from += found.index + found[0].length;
  }
  return undefined;
}

/** `…` is any text of the line. */
function patternOf(text: string): RegExp {
  return new RegExp(text.split("…").map(RegExp.escape).join("[^\\n]*?"));
}

export interface Line {
  readonly said: boolean;
  readonly text: string;
}

/** The lines of a `ws` block. Throws on one that is neither said nor expected. */
export function talk({ place, code }: Pick<Example, "place" | "code">): Line[] {
  return code
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("//"))
    .map((line) => {
      if (/^[<>] /.test(line)) return { said: line.startsWith(">"), text: line.slice(2) };
      throw new Error(`${place}: "${line}" begins with neither "> " nor "< "`);
    });
}

/** What `message` gives to the names of `wanted`; undefined when it is another message. */
export function matchMessage(wanted: string, message: string): Record<string, string> | undefined {
  const pattern = wanted
    .split(/(…|\$[a-z]+)/)
    .map((piece) => {
      if (piece === "…") return "[\\s\\S]*?";
      return /^\$[a-z]+$/.test(piece) ? `(?<${piece.slice(1)}>[^"]*)` : RegExp.escape(piece);
    })
    .join("");
  const found = new RegExp(`^${pattern}$`).exec(message);
  return found === null ? undefined : { ...found.groups };
}
