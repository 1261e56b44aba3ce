/** Requests with one response, in JSON, retried where that is safe. */

import { Backoff } from "./backoff.ts";
import { errorFromResponse, errorFromThrown, SluiceError } from "./error.ts";
import type { Settings } from "./options.ts";

export interface ClientRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether sending it twice has the effect of sending it once. */
  readonly repeatable: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The response's text. Throws the gateway's failure, or the signal's reason. */
export async function ask(settings: Settings, request: ClientRequest): Promise<string> {
  const backoff = new Backoff(settings, 250);
  for (;;) {
    request.signal?.throwIfAborted();
    try {
      return await askOnce(settings, request);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const last = backoff.attempts + 1 >= settings.attemptsMax;
      if (!request.repeatable || !error.retryable || last) throw error;
      await backoff.pause(error, request.signal);
    }
  }
}

async function askOnce(settings: Settings, request: ClientRequest): Promise<string> {
  const { method, path, body, signal } = request;
  const url = `${settings.url}${path}`;
  const timeout = new AbortController();
  const cancel = settings.clock.after(settings.timeoutMs, () => timeout.abort());
  try {
    const own = { accept: "application/json", ...settings.headers, ...request.headers };
    const { response } = await settings.credential.send((credential) =>
      settings.fetch(url, {
        method,
        headers: { ...own, ...credential },
        signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
        ...(body === undefined ? {} : { body }),
      }),
    );
    if (!response.ok) throw await errorFromResponse(response);
    return await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.signal.aborted) {
      const message = `Cannot ${method} ${url}: no answer within ${settings.timeoutMs} ms`;
      throw new SluiceError("deadline_exceeded", message, { cause: error });
    }
    throw errorFromThrown(error, `Cannot ${method} ${url}`);
  } finally {
    cancel();
  }
}
