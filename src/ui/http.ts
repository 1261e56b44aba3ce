/** Requests to the gateway that serves the page. A refusal is thrown with the gateway's message. */

import { parseJson } from "./exact-json.ts";
import { noteDate } from "./gateway-time.ts";
import { gatewayUrl } from "./root.ts";

/** What is wrong with one part of a request. */
export interface Fault {
  readonly field?: string;
  readonly code?: string;
  readonly message: string;
  readonly index?: number;
}

export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly Fault[];

  constructor(status: number, code: string, detail: string, errors: readonly Fault[] = []) {
    super(detail);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.errors = errors;
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const unauthenticatedListeners = new Set<() => void>();

/** Called when the gateway refuses a request because it does not know the caller (any more). */
export function onUnauthenticated(listener: () => void): () => void {
  unauthenticatedListeners.add(listener);
  return () => void unauthenticatedListeners.delete(listener);
}

/** Throws `Refused` for a problem, and for a gateway that does not answer (status 0). */
export async function request<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(gatewayUrl(path), init);
    noteDate(response.headers.get("date"));
    text = await response.text();
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Refused(0, "unavailable", "The gateway does not answer");
  }
  if (response.ok) return (text === "" ? undefined : parseJson(text)) as Answer;
  const problem = problemFrom(response.status, text);
  if (problem.status === 401) for (const listener of unauthenticatedListeners) listener();
  throw problem;
}

function problemFrom(status: number, text: string): Refused {
  try {
    const { code, detail, errors } = JSON.parse(text) as {
      code?: string;
      detail?: string;
      errors?: readonly Fault[];
    };
    const message = detail ?? `The gateway answered ${status}`;
    return new Refused(status, code ?? "internal", message, errors);
  } catch {
    // The answer is not a problem: it may be from a proxy in between.
    return new Refused(status, "internal", `The gateway answered ${status}`);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
