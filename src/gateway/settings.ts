/** Reads settings one by one and collects every problem, so that all are reported at once. */

import { parseChoice, parseCount, type Parsed, parseFlag } from "../core/parse.ts";
import { parseBasePath } from "../http/entry/base-path.ts";
import { parseOrigin } from "../http/origin.ts";
import { isSchemaName } from "../postgres/connect.ts";
import type { Environment } from "../runtime/runtime.ts";
import { parseAuthority } from "./authority.ts";
import { isNetwork } from "./proxies.ts";
import type { SecretSource } from "./secret-source.ts";

export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Cannot start, ${problems.length} of the settings cannot be used:\n  ${problems.join("\n  ")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Names that tests, benchmarks and the other commands read. */
const foreignNames = /^SLUICE_(?:(?:TEST|SIM|BENCH)_|(?:(?:GRPC_)?URL|KEY)$)/;

const oneOrZero = { on: ["1", "true"], off: ["0", "false"] };

/** User, password and name of a database are decoded by the drivers, which throw otherwise. */
function hasWholeEscapes(url: string): boolean {
  const { username, password, pathname } = new URL(url);
  try {
    return [username, password, pathname].every((part) => decodeURIComponent(part) !== undefined);
  } catch {
    return false;
  }
}

/** A setting that is unset or cannot be used has its default; `finish` throws for the latter. */
export class Settings {
  readonly #environment: Environment;
  readonly #known = new Set<string>();
  readonly #problems: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** Undefined when it is unset or empty. */
  optional(name: string): string | undefined {
    this.#known.add(name);
    const text = this.#environment[name];
    return text === undefined || text === "" ? undefined : text;
  }

  text(name: string, byDefault: string): string {
    return this.optional(name) ?? byDefault;
  }

  number(name: string, byDefault: number, min: number, max: number): number {
    return this.#parsed(name, byDefault, (text) => parseCount(text, min, max));
  }

  flag(name: string, byDefault: boolean): boolean {
    return this.#parsed(name, byDefault, (text) => parseFlag(text, oneOrZero));
  }

  choice<Choice extends string>(
    name: string,
    choices: readonly Choice[],
    byDefault: Choice,
  ): Choice {
    return this.#parsed(name, byDefault, (text) => parseChoice(text, choices));
  }

  url(name: string, protocols: readonly string[]): string | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    // Several servers of one cluster are separated by commas.
    const bad = text
      .split(",")
      .find((part) => !URL.canParse(part) || !protocols.includes(new URL(part).protocol));
    // A URL may contain a password, so the message names only the setting.
    if (bad !== undefined) {
      this.problem(
        `${name}: expected a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`,
      );
    } else if (!text.split(",").every(hasWholeEscapes)) {
      this.problem(`${name}: a "%" begins no escape, expected %25 for a percent sign`);
    }
    return text;
  }

  /** Of the setting itself, or of the file that another one names. Problems do not show the secret. */
  secret(name: string, fileName: string, charsMin: number): SecretSource | undefined {
    const text = this.optional(name);
    const file = this.optional(fileName);
    if (text !== undefined && file !== undefined) {
      this.problem(`${name} and ${fileName} are both set: expected one of them`);
    }
    if (file !== undefined) return { file, setting: fileName, charsMin };
    if (text === undefined) return undefined;
    if (text.length < charsMin) {
      this.problem(
        `${name}: expected at least ${charsMin} characters, such as the output of: openssl rand -hex 32`,
      );
    }
    return { text };
  }

  schema(name: string, byDefault: string): string {
    const text = this.optional(name);
    if (text === undefined || isSchemaName(text)) return text ?? byDefault;
    this.problem(
      `${name}=${text}: expected the name of a schema, at most 40 of a-z, 0-9 and _, not beginning with a digit, and neither "relations" nor a schema of PostgreSQL itself`,
    );
    return byDefault;
  }

  /** A prefix of paths, without a slash at its end. */
  basePath(name: string): string {
    const text = this.text(name, "");
    const path = parseBasePath(text);
    if (path === undefined) {
      this.problem(
        `${name}=${text}: expected a path like /tools/sluice, of letters, digits and ._~-, at most 200 characters`,
      );
    }
    return path ?? "";
  }

  /** Origins as browsers spell them. */
  origins(name: string): readonly string[] {
    return this.#list(name, "an origin, expected one like https://example.com, or *", (text) =>
      text === "*" ? text : parseOrigin(text),
    );
  }

  /** Networks and addresses. */
  networks(name: string): readonly string[] {
    const expected = "a network, expected one like 10.0.0.0/8 or fd00::1";
    return this.#list(name, expected, (text) => (isNetwork(text) ? text : undefined));
  }

  /** Hosts as URLs spell them. */
  hosts(name: string): readonly string[] {
    const expected = "a host, expected one like gateway.example, *.example or [fd00::1], or *";
    return this.#list(name, expected, (text) => {
      if (text === "*") return text;
      const [, wildcard = "", rest = ""] = /^(\*\.)?([^*]*)$/.exec(text) ?? [];
      const authority = parseAuthority(rest);
      // A port would never be compared: any port may lead to this node.
      if (authority === undefined || /:\d*$/.test(rest.replace(/^\[.*\]/, ""))) return undefined;
      return `${wildcard}${authority.hostname}`;
    });
  }

  /** Parts between commas; each that `parse` does not know is a problem. */
  #list(
    name: string,
    expected: string,
    parse: (text: string) => string | undefined,
  ): readonly string[] {
    const values: string[] = [];
    for (const text of (this.optional(name) ?? "").split(",").map((part) => part.trim())) {
      if (text === "") continue;
      const value = parse(text);
      if (value === undefined) this.problem(`${name}: ${text} is not ${expected}`);
      else values.push(value);
    }
    return values;
  }

  #parsed<Value>(name: string, byDefault: Value, parse: (text: string) => Parsed<Value>): Value {
    const text = this.optional(name);
    if (text === undefined) return byDefault;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    this.problem(`${name}=${text}: expected ${parsed.expected}`);
    return byDefault;
  }

  finish(): void {
    for (const name of Object.keys(this.#environment)) {
      if (name.startsWith("SLUICE_") && !this.#known.has(name) && !foreignNames.test(name)) {
        this.problem(`${name}: there is no such setting`);
      }
    }
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }
}
