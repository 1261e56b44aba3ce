// A change of a schema, with the verdict of Confluent's registry and with ours.

/** Which reader understands the other's records: the new schema's (backward), the old one's. */
export type Verdict = "both" | "backward" | "forward" | "neither";

export interface Change {
  readonly change: string;
  /** The text after `syntax` and `package`; `$d` is the package of what it imports. */
  readonly before: string;
  readonly after: string;
  /** "proto3" unless said. */
  readonly syntax?: Syntax | { readonly before: Syntax; readonly after: Syntax };
  /** Whether the package is another one afterwards. */
  readonly renamesPackage?: true;
  /** Text of the imported file, in package `$d` and path `$d.proto`. */
  readonly imports?: { readonly before?: string; readonly after?: string };
  readonly confluent: Verdict;
  /** Where Sluice says something else. */
  readonly sluice?: { readonly verdict: Verdict; readonly why: string };
}

export type Syntax = "proto2" | "proto3";

/** A message M of these fields. */
export const m = (fields: string): string => `message M { ${fields} }`;
