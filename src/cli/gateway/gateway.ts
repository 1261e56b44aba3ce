/** The gateway that a command talks to: its address, and the key for it, which is never printed. */

import { type ClientOptions, createClient, type SluiceClient } from "../../client/index.ts";

export class Gateway {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #key: string | undefined;

  constructor(url: string, key?: string) {
    this.url = url;
    this.#key = key;
  }

  /** The same gateway, with a key. */
  withKey(key: string | undefined): Gateway {
    return new Gateway(this.url, key);
  }

  /** Another address of it. */
  at(url: string): Gateway {
    return new Gateway(url, this.#key);
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` };
  }

  client(options: Omit<ClientOptions, "url" | "token"> = {}): SluiceClient {
    const token = this.#key === undefined ? {} : { token: this.#key };
    return createClient({ ...options, ...token, url: this.url });
  }
}
