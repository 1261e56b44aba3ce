/** What the registry answers of schemas, and how lines show it. */
export interface VersionAnswer {
  readonly id?: number;
  readonly subject?: string;
  readonly version?: number;
  readonly file?: string;
  readonly messages?: readonly string[];
  readonly deleted?: boolean;
}

const messagesShown = 3;

export function describeVersion(answer: VersionAnswer): string {
  const { id, subject, version, deleted } = answer;
  const gone = deleted === true ? "  deleted" : "";
  const messages = shownMessages(answer);
  return `id ${id ?? "new"}  ${subject ?? ""} version ${version ?? "new"}  ${messages}${gone}`;
}

/** The first of its messages. */
export function shownMessages({ messages = [] }: VersionAnswer): string {
  const more = messages.length > messagesShown ? ", …" : "";
  return `${messages.slice(0, messagesShown).join(", ")}${more}`;
}

/** `17` is an id; `subject@3` and `subject@latest` are versions; else it is a message's full name. */
export function schemaNamed(name: string): Readonly<Record<string, unknown>> {
  if (/^\d+$/.test(name)) return { id: Number(name) };
  const { subject, version } = parseSubjectVersion(name);
  if (version === undefined) return { fullName: name };
  return { subjectVersion: { subject, version } };
}

export function parseSubjectVersion(text: string): {
  readonly subject: string;
  readonly version: number | undefined;
} {
  const [, subject, version] = /^(.+)@(\d+|latest)$/.exec(text) ?? [];
  if (subject === undefined || version === undefined) return { subject: text, version: undefined };
  return { subject, version: version === "latest" ? 0 : Number(version) };
}

/** `COMPATIBILITY_FULL` is shown as `FULL`. */
export function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}
