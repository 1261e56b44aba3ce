/** Requests to a gateway under test: as programs send them, and byte by byte as attackers do. */

import { connect } from "node:net";
import { pause } from "./until.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** JSON of the body; undefined for other bodies. */
  readonly json: ReturnType<typeof JSON.parse>;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestInit["body"];
  readonly msMax?: number;
}

export async function ask(method: string, url: string, options: AskOptions = {}): Promise<Answer> {
  const { headers = {}, body, msMax = 15_000 } = options;
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    signal: AbortSignal.timeout(msMax),
    ...(body === undefined || body === null ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

/** Posts a string unchanged, anything else as JSON. */
export function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask("POST", url, {
    body: text,
    headers: { "content-type": "application/json", ...headers },
  });
}

function parsed(text: string): Answer["json"] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface ExchangeOptions {
  readonly gapMs?: number;
  readonly quietMs?: number;
  /** Time limit for the first bytes; `quietMs` by default. */
  readonly firstMs?: number;
}

/**
 * Writes the parts to a fresh connection, `gapMs` apart, and reads until the gateway closes it or
 * has sent nothing for `quietMs`. Resolves with everything received.
 */
export function exchange(
  url: string,
  parts: readonly (string | Uint8Array)[],
  { gapMs = 0, quietMs = 1000, firstMs = quietMs }: ExchangeOptions = {},
): Promise<{ readonly text: string; readonly closed: boolean }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    let quiet: ReturnType<typeof setTimeout> | undefined;
    const socket = connect(Number(port), hostname);
    const finish = (closed: boolean) => {
      clearTimeout(quiet);
      socket.destroy();
      resolve({ text, closed });
    };
    const wait = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => finish(false), text === "" ? firstMs : quietMs);
    };
    const send = async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        if (gapMs > 0) await pause(gapMs);
      }
      wait();
    };
    socket.on("connect", () => void send());
    socket.on("data", (data) => {
      text += data.toString("latin1");
      wait();
    });
    // A reset after the answer counts as the end.
    socket.on("error", () => finish(true));
    socket.on("close", () => finish(true));
  });
}

/** The status of each answer on a connection. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}
