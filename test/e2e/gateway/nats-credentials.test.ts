/** Gateways and nats-servers that demand credentials of each kind, and TLS. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { nkeys } from "@nats-io/transport-node";
import { Authority } from "../../support/certificates.ts";
import { runSluice } from "../../support/command.ts";
import { startGateway, temporaryDataDir } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import { createNatsAccounts } from "../../support/nats-accounts.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { timeoutMs } from "./gateways.ts";

type Env = Readonly<Record<string, string>>;

const authority = new Authority("NATS root");
const stranger = new Authority("Another root");
const certificate = authority.issue({ name: "nats" });
const client = authority.issue({ name: "gateway", names: "DNS:gateway" });
const foreign = stranger.issue({ name: "gateway", names: "DNS:gateway" });
const secrets = ["hidden-password", "hidden-token"];

let database: TestDatabase;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
}, timeoutMs);

afterAll(async () => {
  await database.drop();
});

const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function nats(settings: string): Promise<NatsServer> {
  const server = await startNats(settings);
  servers.push(server);
  return server;
}

function file(name: string, text: string): string {
  const path = authority.path(name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A gateway starts with these settings, and stores a record in JetStream. */
async function works(env: Env, hidden: readonly string[] = secrets): Promise<void> {
  const gateway = await startGateway({ env: { DATABASE_URL: database.url, ...env } });
  try {
    const { status } = await post(`${gateway.url}/v1/topics/orders/records`, [{ n: 1 }]);
    expect(status).toBe(200);
    const shown = await (await fetch(`${gateway.url}/status`)).text();
    expect(JSON.parse(shown).log).toBe("jetstream");
    for (const secret of hidden) expect(gateway.log() + shown).not.toContain(secret);
  } finally {
    await gateway.stop();
  }
}

/** What a gateway writes that does not start, within a time that shows that it did not retry. */
async function refusal(env: Env, hidden: readonly string[] = secrets): Promise<string> {
  const startedMs = performance.now();
  const { code, errors } = await runSluice(["serve"], {
    ...{ SLUICE_PORT: "0", SLUICE_GRPC_PORT: "0", SLUICE_DATA_DIR: temporaryDataDir() },
    ...{ SLUICE_START_MS: "60000", DATABASE_URL: database.url },
    ...env,
  }).ended;
  expect(performance.now() - startedMs).toBeLessThan(40_000);
  expect(code).not.toBe(0);
  for (const secret of hidden) expect(errors).not.toContain(secret);
  return errors;
}

const refusedCredentials = "the server refused this node's credentials";

describe.skipIf(natsSkipReason() !== undefined)("NATS", () => {
  test(
    "with a user and a password, in settings, in a file, or in the URL",
    async () => {
      const { url } = await nats(`authorization { user: sluice, password: "hidden-password" }`);
      const NATS_PASSWORD_FILE = file("password", "hidden-password\n");
      await works({ NATS_URL: url, NATS_USER: "sluice", NATS_PASSWORD_FILE });
      await works({ NATS_URL: url.replace("//", "//sluice:hidden-password@") });
      const wrong = { NATS_USER: "sluice", NATS_PASSWORD: "hidden-token" };
      expect(await refusal({ NATS_URL: url, ...wrong })).toContain(refusedCredentials);
      expect(await refusal({ NATS_URL: url })).toContain(refusedCredentials);
      const inUrl = await refusal({ NATS_URL: url.replace("//", "//sluice:hidden-token@") });
      expect(inUrl).toContain(refusedCredentials);
    },
    timeoutMs,
  );

  test(
    "with a token",
    async () => {
      const { url } = await nats(`authorization { token: "hidden-token" }`);
      await works({ NATS_URL: url, NATS_TOKEN: "hidden-token" });
      const wrong = await refusal({ NATS_URL: url, NATS_TOKEN: "hidden-password" });
      expect(wrong).toContain(refusedCredentials);
    },
    timeoutMs,
  );

  test(
    "with an nkey seed",
    async () => {
      const seedOf = (pair: ReturnType<typeof nkeys.createUser>) =>
        new TextDecoder().decode(pair.getSeed());
      const [known, unknown] = [nkeys.createUser(), nkeys.createUser()];
      const hidden = [seedOf(known), seedOf(unknown)];
      const { url } = await nats(`authorization { users: [{ nkey: ${known.getPublicKey()} }] }`);
      await works(
        { NATS_URL: url, NATS_NKEY_SEED_FILE: file("seed", `${seedOf(known)}\n`) },
        hidden,
      );
      const wrong = await refusal({ NATS_URL: url, NATS_NKEY_SEED: seedOf(unknown) }, hidden);
      expect(wrong).toContain(refusedCredentials);
      const cut = seedOf(known).slice(0, -4);
      const broken = await refusal({ NATS_URL: url, NATS_NKEY_SEED: cut }, [cut]);
      expect(broken).toContain("NATS_NKEY_SEED has no seed");
    },
    timeoutMs,
  );

  test(
    "with a credentials file of an account",
    async () => {
      const accounts = createNatsAccounts();
      const { url } = await nats(accounts.config);
      const [creds, strange] = [accounts.creds(), accounts.strangerCreds()];
      const hidden = [creds, strange].map((text) => /SU\w{20,}/.exec(text)?.[0] ?? "none");
      await works({ NATS_URL: url, NATS_CREDS: file("gateway.creds", creds) }, hidden);
      const wrong = { NATS_URL: url, NATS_CREDS: file("strange.creds", strange) };
      expect(await refusal(wrong, hidden)).toContain(refusedCredentials);
      const half = { NATS_URL: url, NATS_CREDS: file("half.creds", creds.slice(0, 200)) };
      expect(await refusal(half, hidden)).toContain("NATS_CREDS has no credentials");
      expect(await refusal({ NATS_URL: url, NATS_CREDS: "/nowhere" })).toContain(
        "Cannot use NATS_CREDS=/nowhere: there is no such file",
      );
    },
    timeoutMs,
  );

  test(
    "by TLS, with a CA and a client certificate",
    async () => {
      const { cert, key } = certificate;
      const { url } = await nats(
        `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${authority.ca}", verify: true }`,
      );
      const trusting = { NATS_URL: url.replace("nats:", "tls:"), NATS_CA: authority.ca };
      await works({ ...trusting, NATS_CERT: client.cert, NATS_KEY: client.key });
      const tlsFailed = /Cannot connect to NATS: TLS failed: .*NATS_CA/;
      const distrusting = {
        ...trusting,
        NATS_CA: stranger.ca,
        NATS_CERT: client.cert,
        NATS_KEY: client.key,
      };
      expect(await refusal(distrusting)).toMatch(tlsFailed);
      // The server ends these after its side of the handshake, which a lost connection does as well.
      const early = { ...trusting, SLUICE_START_MS: "0" };
      expect(await refusal(early)).toContain("a server that demands client certificates does so");
      const unknown = { ...early, NATS_CERT: foreign.cert, NATS_KEY: foreign.key };
      expect(await refusal(unknown)).toContain("a server that demands client certificates does so");
    },
    timeoutMs,
  );

  test(
    "without TLS is refused where the URL or a CA demands it",
    async () => {
      const { url } = await nats("");
      const demanding = await refusal({ NATS_URL: url.replace("nats:", "tls:") });
      expect(demanding).toMatch(/Cannot connect to NATS: .*tls/i);
      expect(await refusal({ NATS_URL: url, NATS_CA: authority.ca })).toMatch(/tls/i);
    },
    timeoutMs,
  );

  test(
    "with two ways to log in, or half of one, is refused before anything starts",
    async () => {
      const NATS_URL = "nats://127.0.0.1:1";
      const two = await refusal({
        NATS_URL,
        NATS_TOKEN: "hidden-token",
        NATS_CREDS: "/some.creds",
      });
      expect(two).toContain("several are set");
      expect(await refusal({ NATS_URL, NATS_USER: "sluice" })).toContain("belong together");
      const both = { NATS_TOKEN: "hidden-token", NATS_TOKEN_FILE: "/token" };
      expect(await refusal({ NATS_URL, ...both })).toContain("both set");
      expect(await refusal({ NATS_URL, NATS_CERT: client.cert })).toContain("belong together");
    },
    timeoutMs,
  );
});
