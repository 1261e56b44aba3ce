// Fuzzes what callers show: keys, sessions, tickets, tokens, cookies and grants. What is not exactly a
// credential is never taken for one, and is answered as a wrong credential, not as a fault.

import { afterAll, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { SignJWT } from "jose";
import type { Caller } from "../../src/core/access/caller.ts";
import {
  actions,
  type Grant,
  Grants,
  parseGrant,
  renderGrant,
  resourceKinds,
} from "../../src/core/access/grant.ts";
import type { Credentials } from "../../src/core/access/guard.ts";
import { Failure } from "../../src/core/failure.ts";
import { grantsFromClaim } from "../../src/features/access/tokens/grants-claim.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { type AccessNode, bearer, manager, openNode } from "../support/access-node.ts";
import { testPostgres } from "../support/postgres.ts";
import { fuzz } from "./fuzz.ts";
import type { FuzzRandom } from "./generate.ts";

/** Credentials of one case, which wait for the store together. */
const perCase = 2000;
const adminKey = "an-admin-key-of-more-than-32-characters";
const jwtSecret = "a-secret-of-more-than-32-characters!";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync(), 60_000);
const database = await (await testPostgres()).createDatabase();
stack.defer(() => database.drop());
await migrate({ url: database.url });
const node: AccessNode = await openNode(database.url, stack, {
  adminKey,
  jwtSecret,
  certificates: "URI:spiffe://prod/a = read *",
});
const admin: Caller = await node.guard.caller(bearer(adminKey));
const { secret: key } = await node.keys.create(manager, admin);
const { secret: session } = await node.sessions.open(await node.guard.caller(bearer(key)));
const { text: ticket } = await node.tickets.create([parseGrant("read topic:a")], admin);
const token = await new SignJWT({ sub: "somebody", grants: ["read topic:a"] })
  .setProtectedHeader({ alg: "HS256" })
  .setExpirationTime("30d")
  .sign(new TextEncoder().encode(jwtSecret));
const real = [key, session, ticket, token, adminKey];

const parts = [
  ...["slk_", "sls_", "slt_", "_", "-", ".", "..", "A", "a", "0", "=", "==", "%", "%00", "\0", "é"],
  ...[
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiJ9",
    "e30",
    "null",
    "{}",
    '"',
    "'",
    "--",
    "\u{1F600}",
  ],
];
const alphabet = Array.from("ABCabc012_-.");

/** Nearly a credential, or nothing like one; never one of the real ones. */
function wrongSecret(random: FuzzRandom): string {
  const from = random.pick(real);
  const at = random.int(from.length + 1);
  const text = random.pick([
    () => random.text(parts, 8),
    () => from.slice(0, at),
    () => from.slice(at),
    () => from.slice(0, at) + random.pick(alphabet) + from.slice(at),
    () => from.slice(0, at) + random.pick(alphabet) + from.slice(at + 1),
    () => from.slice(0, at) + random.text(parts, 3) + from.slice(at),
    () => random.pick(["slk", "sls", "slt"]) + from.slice(3),
    () => `slk_${random.text("abc012", 8)}_${from.slice(13)}`,
    () => from.toUpperCase(),
    () => from + from,
    () => wrongToken(random),
  ])();
  return real.some((one) => isSame(one, text)) ? `${text}x.` : text;
}

/** The last letter of base64 has bits that mean nothing: such a token is the same. */
function isSame(one: string, other: string): boolean {
  const bytes = (text: string) => text.split(".").map((part) => Buffer.from(part, "base64url"));
  if (one === other.trim()) return true;
  if (one !== token) return false;
  const [ours, theirs] = [bytes(one), bytes(other.trim())];
  return ours.length === theirs.length && ours.every((part, i) => theirs[i]?.equals(part));
}

/** The claims and the header that an attacker would want, with the signature of another token or none. */
function wrongToken(random: FuzzRandom): string {
  const alg = random.pick(["none", "None", "HS256", "HS384", "RS256", "ES256", "EdDSA", "", "\0"]);
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = encode(
    random.pick([{ alg }, { alg, kid: "../x" }, { alg, crit: ["b64"] }, [], 7]),
  );
  const claims = encode({ sub: "root", exp: 9_999_999_999, grants: ["manage *"] });
  const signature = random.pick(["", "AA", token.split(".")[2] ?? "", random.text(parts, 4)]);
  return `${random.pick([header, token.split(".")[0]])}.${claims}.${signature}`;
}

function wrongCredentials(random: FuzzRandom): Credentials {
  const secret = wrongSecret(random);
  // A colon begins a password: what follows could be a real one.
  const plain = secret.replaceAll(":", "");
  const drawn = `10.0.${random.int(256)}.${random.int(256)}`;
  const address = () => drawn;
  return random.pick<() => Credentials>([
    () => ({ address, authorization: `Bearer ${secret}` }),
    () => ({ address, authorization: `Token ${plain}` }),
    () => ({ address, authorization: `Token a:${plain}` }),
    () => ({ address, authorization: `Basic ${btoaUtf8(`a:${plain}`)}` }),
    () => ({ address, authorization: `Basic ${btoaUtf8(`${plain}:`)}` }),
    () => ({ address, authorization: `Basic ${plain}` }),
    () => ({ address, authorization: random.text([...parts, " ", "Bearer", "Basic", "Token"], 4) }),
    () => ({ address, user: plain, password: random.pick(["", plain]) }),
    () => ({ address, ticket: random.pick([secret, key, session, token]) }),
    () => ({
      address,
      cookie: `a=b; sluice_session=${random.pick([plain.replaceAll(";", ""), key])}`,
    }),
  ])();
}

function btoaUtf8(text: string): string {
  return Buffer.from(text).toString("base64");
}

let tried = 0;
fuzz("no credential but a right one is accepted", { cases: 5 }, async (random) => {
  const given = Array.from({ length: perCase }, () => wrongCredentials(random));
  const codes = await Promise.all(
    given.map(async (credentials) => {
      try {
        const { principal } = await node.guard.caller(credentials);
        return `accepted as ${principal.id}`;
      } catch (error) {
        return error instanceof Failure ? error.code : String(error);
      }
    }),
  );
  tried += given.length;
  for (const [i, code] of codes.entries()) {
    if (code === "unauthenticated" || code === "overloaded") continue;
    throw new Error(`${JSON.stringify(given[i])}: ${code}`);
  }
});

test("the real ones still are", async () => {
  process.stderr.write(`fuzz ${tried} credentials, none accepted\n`);
  expect((await node.guard.caller(bearer(key))).principal.name).toBe("admin");
  expect((await node.guard.caller(bearer(token))).principal.id).toBe("token:somebody");
  expect((await node.guard.caller({ cookie: `sluice_session=${session}` })).principal.name).toBe(
    "admin",
  );
});

const names = ["a", "a.", "a.b", "b", "", "a.b.c", "é", "*"];

function someGrants(random: FuzzRandom): Grants {
  const grants = Array.from({ length: random.int(4) }, (): Grant => {
    const kind = random.chance(0.1) ? "*" : random.pick(resourceKinds.slice(0, 2));
    const name = random.pick(names) + random.pick(["", "*"]);
    return {
      action: random.pick(actions),
      kind,
      name: kind === "*" ? "*" : name.replace("**", "*") || "a",
    };
  });
  return new Grants(grants);
}

fuzz("grants that contain others allow all that those allow", { cases: 20_000 }, (random) => {
  const [own, others] = [someGrants(random), someGrants(random)];
  if (!own.contains(others)) return;
  for (const action of actions) {
    for (const kind of resourceKinds.slice(0, 3)) {
      for (const name of names) {
        const allowed = others.allows(action, kind, name);
        if (allowed && !own.allows(action, kind, name)) {
          const [ours, theirs] = [own, others].map(({ list }) => list.map(renderGrant).join(", "));
          throw new Error(`${ours} / ${theirs}: ${name}`);
        }
      }
    }
  }
});

const grantParts = [
  ...[
    "read",
    "append",
    "manage",
    "write",
    "READ",
    " ",
    "  ",
    "\t",
    "\n",
    ",",
    ":",
    "::",
    "*",
    "**",
  ],
  ...["topic:", "node:", "topic", "a", "a.*", "*a", "é", "\0", "../", "openid", "%2a"],
];

fuzz("a grant that is parsed is the one that is rendered", { cases: 20_000 }, (random) => {
  const text = random.text(grantParts, 6);
  for (const grant of grantsFromClaim(text)) expect(parseGrant(renderGrant(grant))).toEqual(grant);
  let grant: Grant;
  try {
    grant = parseGrant(text);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return;
  }
  expect(parseGrant(renderGrant(grant))).toEqual(grant);
  expect(grant.name.indexOf("*")).toBeOneOf([-1, grant.name.length - 1]);
});
