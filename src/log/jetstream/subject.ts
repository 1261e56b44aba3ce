/**
 * Names on the NATS side. A topic is the stream `SLUICE-<topic>`, whose subjects are
 * `sluice.<topic>` for records without a key and `sluice.<topic>.<key>` for the others, with `~`
 * for each `.` of the topic and each key as one token. Other NATS clients use the same subjects.
 */

import { createHash } from "node:crypto";

const streamPrefix = "SLUICE-";
const subjectPrefix = "sluice.";

/**
 * Longer tokens are replaced by their hash: a protocol line ends at 4,096 bytes, and the server
 * keeps every distinct subject in memory.
 */
const tokenLengthMax = 256;

/** Characters that a token cannot have: separators, wildcards, `%`, space, controls, non-ASCII. */
const odd = /[^\x21-\x7e]|[.*>%]/;
const utf8 = new TextEncoder();
const oddBytes = new Set(utf8.encode(".*>%"));

export function streamFromTopic(topic: string): string {
  return streamPrefix + topic.replaceAll(".", "~");
}

/** Undefined when the stream is not a topic. */
export function topicFromStream(stream: string): string | undefined {
  if (!stream.startsWith(streamPrefix)) return undefined;
  return stream.slice(streamPrefix.length).replaceAll("~", ".");
}

/** The subject of a topic's records without a key. */
export function subjectFromTopic(topic: string): string {
  return subjectPrefix + topic.replaceAll(".", "~");
}

export function subjectFromKey(root: string, key: string): string {
  return key === "" ? root : `${root}.${tokenFromText(key)}`;
}

/** Whether the subject has the key; of a long key it has only the hash. */
export function isKeyInSubject(subject: string): boolean {
  return !subject.includes(hashMark);
}

/** The key in a subject of the topic; the token itself where another client encoded it wrongly. */
export function keyFromSubject(root: string, subject: string): string {
  const token = subject.slice(root.length + 1);
  if (!token.includes("%")) return token;
  try {
    return decodeURIComponent(token);
  } catch {
    // Not percent-encoded UTF-8: the token itself is the best name.
    return token;
  }
}

/** `%` is never followed by `~` in an encoded text. */
const hashMark = "%~";

/** Any text as one subject token or header value; injective. */
export function tokenFromText(text: string): string {
  const token = odd.test(text) ? percentEncode(text) : text;
  if (token.length <= tokenLengthMax) return token;
  return hashMark + createHash("sha256").update(text).digest("base64url");
}

function percentEncode(text: string): string {
  let token = "";
  for (const byte of utf8.encode(text)) {
    const isPlain = byte > 0x20 && byte < 0x7f && !oddBytes.has(byte);
    token += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}
