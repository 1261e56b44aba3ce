/** Requests to the gateway that serves the page. A refusal is thrown with the gateway's message. */

import { parseJson } from "./exact-json.ts";
import { gatewayUrl } from "./root.ts";

export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = "Refused";
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Throws `Refused` for a problem, and for a gateway that does not answer (status 0). */
export async function request<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(gatewayUrl(path), init);
    text = await response.text();
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Refused(0, "unavailable", "The gateway does not answer");
  }
  if (response.ok) return (text === "" ? undefined : parseJson(text)) as Answer;
  throw problemFrom(response.status, text);
}

function problemFrom(status: number, text: string): Refused {
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string };
    return new Refused(status, code ?? "internal", detail ?? `The gateway answered ${status}`);
  } catch {
    // The answer is not a problem: it may be from a proxy in between.
    return new Refused(status, "internal", `The gateway answered ${status}`);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
