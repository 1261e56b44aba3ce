/** The key or token of a client's requests, renewed when the gateway says that it no longer counts. */

import { errorFromThrown } from "./error.ts";

/** A key or token, or a function that returns one: it is called again once the last one has expired. */
export type TokenSource = string | (() => string | Promise<string>);

export class Credential {
  readonly #source: TokenSource | undefined;
  #token: Promise<string> | undefined;

  constructor(source: TokenSource | undefined) {
    this.#source = source;
  }

  get isRenewable(): boolean {
    return typeof this.#source === "function";
  }

  /** All requests share a token until it is renewed. Throws `unavailable` for what the function throws. */
  async token(): Promise<string | undefined> {
    const source = this.#source;
    if (typeof source !== "function") return source;
    this.#token ??= Promise.resolve()
      .then(source)
      .catch((error: unknown) => {
        this.#token = undefined;
        throw errorFromThrown(error, "Cannot get a token");
      });
    return await this.#token;
  }

  /** The next request gets another token, unless another one was already got in place of `used`. */
  async renew(used: string | undefined): Promise<void> {
    const known = this.#token;
    if (known === undefined || (await known.catch(() => undefined)) !== used) return;
    if (this.#token === known) this.#token = undefined;
  }

  /**
   * Sends a request with the token. One that is refused as unauthenticated has had no effect, so it is
   * sent again with another token, once.
   */
  async send(send: (headers: Readonly<Record<string, string>>) => Promise<Response>) {
    const token = await this.token();
    const response = await send(headersOf(token));
    if (response.status !== 401 || !this.isRenewable) return { response, token };
    await this.renew(token);
    const next = await this.token();
    await response.body?.cancel();
    return { response: await send(headersOf(next)), token: next };
  }
}

function headersOf(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
