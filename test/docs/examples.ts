/**
 * The examples of the documentation, which are run exactly as they are written. A fenced block of
 * `sh`, `ts`, `py`, `html` or `ws` says after its language what is done with it:
 *
 *     run            run it: it must succeed
 *     run live       it does not end on its own: it is stopped once it has printed what is expected
 *     no-run: why    it is not run, for the reason given
 *
 * The expected output is part of the block. It must appear in this order somewhere in the output;
 * `…` matches any text within a line. It follows `# → ` in `sh` and `py`, `// → ` in `ts`, and is in
 * `<!-- → … -->` in `html`. An `html` block is a page that a browser opens from the origin
 * `http://localhost:5173`; its output is the page's text. A `ws` block is a conversation on
 * `/v1/ws`: `> ` is sent, `< ` must arrive, in any order; a `$name` in what arrives is kept and
 * inserted into what is sent.
 *
 * `<!-- gateway: NAME=value … -->` in a page sets settings of the gateway that its examples use.
 */

const languages = ["sh", "ts", "py", "html", "ws"] as const;
export type Language = (typeof languages)[number];

/** Spellings that would bypass the rule. */
const otherSpellings: Readonly<Record<string, Language>> = {
  bash: "sh",
  shell: "sh",
  console: "sh",
  zsh: "sh",
  typescript: "ts",
  js: "ts",
  javascript: "ts",
  python: "py",
  htm: "html",
};

export interface Example {
  /** Where it begins, for messages: `docs/topics.md:12`. */
  readonly place: string;
  readonly language: Language;
  readonly code: string;
  /** It does not end on its own. */
  readonly live: boolean;
}

export interface Extracted {
  readonly examples: readonly Example[];
  /** Settings of the gateway that the examples use. */
  readonly settings: Readonly<Record<string, string>>;
  /** Blocks that do not say what is done with them, or say it wrong. */
  readonly problems: readonly string[];
}

export function extractExamples(file: string, markdown: string): Extracted {
  const examples: Example[] = [];
  const problems: string[] = [];
  // An indented fence (in a list) counts as well; its indent is not part of the code.
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
  return { examples, settings: gatewaySettings(markdown), problems };
}

function gatewaySettings(markdown: string): Record<string, string> {
  const [, text = ""] = /^<!-- gateway: (.*) -->$/m.exec(markdown) ?? [];
  const pairs = text.split(" ").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => [pair.split("=", 1)[0] ?? "", pair.slice(pair.indexOf("=") + 1)]),
  );
}

function parseMode(text: string): "skip" | "run" | "live" | undefined {
  if (/^no-run: \S/.test(text)) return "skip";
  if (text === "run live") return "live";
  return text === "run" ? "run" : undefined;
}

const markers: Readonly<Record<Exclude<Language, "ws">, RegExp>> = {
  sh: /^\s*# → (.*)$/gm,
  py: /^\s*# → (.*)$/gm,
  ts: /\/\/ → (.*)$/gm,
  html: /<!-- → (.*) -->$/gm,
};

/** The expected output of the block, in order. */
export function expectations({ language, code }: Pick<Example, "language" | "code">): string[] {
  if (language === "ws") return [];
  return [...code.matchAll(markers[language])].map(([, text = ""]) => text.trimEnd());
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

/** The lines of a `ws` block. Throws on one that is neither sent nor expected. */
export function talk({ place, code }: Pick<Example, "place" | "code">): Line[] {
  return code
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("//"))
    .map((line) => {
      if (/^[<>] /.test(line)) return { said: line.startsWith(">"), text: line.slice(2) };
      throw new Error(`${place}: "${line}" begins with neither "> " nor "< "`);
    });
}

/** What `message` gives to the names of `expected`; undefined when it is another message. */
export function matchMessage(
  expected: string,
  message: string,
): Record<string, string> | undefined {
  const pattern = expected
    .split(/(…|\$[a-z]+)/)
    .map((piece) => {
      if (piece === "…") return "[\\s\\S]*?";
      return /^\$[a-z]+$/.test(piece) ? `(?<${piece.slice(1)}>[^"]*)` : RegExp.escape(piece);
    })
    .join("");
  const found = new RegExp(`^${pattern}$`).exec(message);
  return found === null ? undefined : { ...found.groups };
}
