/** The key of the settings: all grants, for the first steps and for containers. */

import { Buffer } from "node:buffer";
import { Caller } from "../../core/access/caller.ts";
import { Grants } from "../../core/access/grant.ts";
import { hashOf, isHashOf } from "./secret.ts";

export class AdminKey {
  /** Tells one value of the setting from another, so that sessions end with it. */
  readonly id: string;
  readonly caller: Caller;
  readonly #hash: Uint8Array;
  readonly #chars: number;

  constructor(text: string) {
    this.#hash = hashOf(text);
    this.#chars = text.length;
    // A hash of the hash: the id is in logs.
    this.id = `admin-${Buffer.from(hashOf(Buffer.from(this.#hash).toString("hex"))).toString("hex", 0, 4)}`;
    this.caller = new Caller({
      kind: "key",
      id: `key:${this.id}`,
      name: "SLUICE_ADMIN_KEY",
      grants: Grants.all,
    });
  }

  /** Keys of another length are not hashed: the length is not secret. */
  is(secret: string): boolean {
    return secret.length === this.#chars && isHashOf(this.#hash, secret);
  }
}
