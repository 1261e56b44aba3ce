/** The guard: from credentials to the caller, at once for every key that this node knows. */

import { Caller, openCaller } from "../../core/access/caller.ts";
import { Grants } from "../../core/access/grant.ts";
import type { Credentials, Guard } from "../../core/access/guard.ts";
import type { AdminKey } from "./admin-key.ts";
import type { Attempts } from "./attempts.ts";
import { secretOf } from "./authorization.ts";
import type { AccessOptions } from "./options.ts";
import type { Ring } from "./ring.ts";
import { secretId } from "./secret.ts";

export interface GuardDeps {
  readonly options: AccessOptions;
  readonly ring: Ring;
  readonly admin: AdminKey | undefined;
  readonly attempts: Attempts;
}

export class AccessGuard implements Guard {
  readonly #deps: GuardDeps;
  readonly #anonymous: Caller;
  readonly #isConfigured: boolean;

  constructor(deps: GuardDeps) {
    const { anonymous, isOpenByDefault } = deps.options;
    this.#deps = deps;
    this.#anonymous = new Caller({ ...openCaller.principal, grants: anonymous ?? Grants.none });
    this.#isConfigured = anonymous !== undefined || !isOpenByDefault || deps.admin !== undefined;
  }

  /** A key that is created on any node closes all of them. */
  get isClosed(): boolean {
    return this.#isConfigured || this.#deps.ring.hasKeys;
  }

  caller(credentials: Credentials): Caller | Promise<Caller> {
    if (!this.isClosed) return openCaller;
    const given = secretOf(credentials);
    if (given === undefined) return this.#anonymous;
    if (!given.ok) {
      throw this.#deps.attempts.refuse("malformed", given.message, credentials.address);
    }
    const found = this.#find(given.secret);
    return found instanceof Promise
      ? found.then((caller) => this.#known(caller, credentials))
      : this.#known(found, credentials);
  }

  #find(secret: string): Caller | undefined | Promise<Caller | undefined> {
    const { ring, admin } = this.#deps;
    // Before its form is looked at: the setting may have that of a key.
    if (admin?.is(secret) === true) return admin.caller;
    const id = secretId("key", secret);
    return id === undefined ? undefined : ring.caller(id, secret);
  }

  #known(caller: Caller | undefined, { address }: Credentials): Caller {
    const { attempts } = this.#deps;
    if (caller === undefined) {
      const message = "The credential is not valid: it is wrong, or was revoked";
      throw attempts.refuse("unknown", message, address);
    }
    const { ended } = caller;
    if (ended !== undefined) throw attempts.refuse("expired", ended.message, address);
    return caller;
  }
}
