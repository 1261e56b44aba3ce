/** The compiler's report, as issues. */

import { Failure, invalidIssue, type Issue } from "../../../core/failure.ts";
import { unnamedFile } from "../registry-port.ts";
import { protoFolder } from "./workspace.ts";

/** Number of errors that are listed: text of another kind has an error in every line. */
const errorsMax = 100;
const quotedMax = 80;

/** `report` is the output of `buf build --error-format json`: an object per line. */
export function compileFailure(report: string, files: ReadonlyMap<string, string>): Failure {
  const issues = report.split("\n").flatMap((line) => issueFrom(line, files) ?? []);
  const [first] = issues;
  if (first === undefined) {
    // It is not about a place in the text, and then it is one sentence.
    const why = report.split("\n")[0]?.slice(0, 300) ?? "";
    return new Failure(
      "invalid",
      `Cannot compile the schema: ${why || "the compiler failed without a reason"}`,
    );
  }
  const rest = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  return new Failure("invalid", `Cannot compile the schema: ${first.message}${rest}`, {
    errors: issues.slice(0, errorsMax),
  });
}

function issueFrom(line: string, files: ReadonlyMap<string, string>): Issue | undefined {
  const error = parseError(line);
  if (error === undefined) return undefined;
  const path = error.path.startsWith(`${protoFolder}/`)
    ? error.path.slice(protoFolder.length + 1)
    : error.path;
  const place = `${error.line}:${error.column}`;
  const field = path === unnamedFile ? place : `${path}:${place}`;
  const source = quotedSource(files.get(path), error);
  const message = `${field}: ${error.message.slice(0, 500)}${source === "" ? "" : `: ${source}`}`;
  return invalidIssue(field, message);
}

interface CompileError {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly message: string;
}

function parseError(line: string): CompileError | undefined {
  if (!line.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The report is cut off at its bound, possibly in the middle of a line.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const given = new Map<string, unknown>(Object.entries(value));
  const text = (name: string) => {
    const one = given.get(name);
    return typeof one === "string" ? one : "";
  };
  return {
    path: text("path"),
    line: Number(given.get("start_line") ?? 0),
    column: Number(given.get("start_column") ?? 0),
    endLine: Number(given.get("end_line") ?? 0),
    endColumn: Number(given.get("end_column") ?? 0),
    message: text("message"),
  };
}

/** The source text of the error: "imported file does not exist" alone would not say which file. */
function quotedSource(text: string | undefined, error: CompileError): string {
  if (text === undefined || error.endLine !== error.line) return "";
  const line = text.split("\n")[error.line - 1] ?? "";
  const quoted = line.slice(error.column - 1, error.endColumn - 1).trim();
  return quoted === "" || quoted.length > quotedMax ? "" : quoted;
}
