/** Operator, account and user of a NATS server with decentralised accounts, as `nsc` makes them. */

import { createHash } from "node:crypto";
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface NatsAccounts {
  /** For the server's configuration. */
  readonly config: string;
  /** The content of a user's `.creds` file. */
  creds(): string;
  /** The same for a user that the server does not know the account of. */
  strangerCreds(): string;
}

export function createNatsAccounts(): NatsAccounts {
  const operator = nkeys.createOperator();
  const [system, account] = [createAccount("SYS", operator), createAccount("APP", operator)];
  const stranger = createAccount("OTHER", nkeys.createOperator());
  const operatorJwt = jwt("operator", "test", operator, operator, {
    system_account: system.keys.getPublicKey(),
  });
  return {
    config: `operator: ${operatorJwt}
      system_account: ${system.keys.getPublicKey()}
      resolver: MEMORY
      resolver_preload: {
        ${system.keys.getPublicKey()}: ${system.jwt}
        ${account.keys.getPublicKey()}: ${account.jwt}
      }`,
    creds: () => credsOf(account.keys),
    strangerCreds: () => credsOf(stranger.keys),
  };
}

function createAccount(name: string, operator: KeyPair) {
  const keys = nkeys.createAccount();
  const unlimited = {
    ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true },
    ...{ conn: -1, leaf: -1 },
  };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const limits = name === "SYS" ? unlimited : { ...unlimited, ...storage };
  return { keys, jwt: jwt("account", name, keys, operator, { limits }) };
}

function credsOf(account: KeyPair): string {
  const user = nkeys.createUser();
  const token = jwt("user", "gateway", user, account, { subs: -1, data: -1, payload: -1 });
  const seed = new TextDecoder().decode(user.getSeed());
  return `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}

/** Claims of version 2, signed by the issuer. */
function jwt(
  type: string,
  name: string,
  subject: KeyPair,
  issuer: KeyPair,
  nats: Readonly<Record<string, unknown>>,
): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { ...nats, type, version: 2 },
  };
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("base64url");
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part({ jti, ...claims })}`;
  const signature = Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url");
  return `${signed}.${signature}`;
}
