/** A gateway and a PostgreSQL that demands TLS, a password, and a client certificate. */

import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import postgres from "postgres";
import { Authority } from "../../support/certificates.ts";
import { runSluice } from "../../support/command.ts";
import { startGateway, temporaryDataDir } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import { testPostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";
import { timeoutMs } from "./gateways.ts";

const authority = new Authority("PostgreSQL root");
const stranger = new Authority("Another root");
const server = authority.issue({ name: "postgres", names: "DNS:localhost" });
const certified = authority.issue({ name: "certified" });
const foreign = stranger.issue({ name: "certified" });
const password = "s3cret-of-postgres";

/** `localhost` is a name of the server's certificate, and `127.0.0.1` is not. */
let host: string;

beforeAll(async () => {
  const { url } = await testPostgres();
  host = `localhost:${new URL(url).port}`;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    // The server's own user writes the files, into its data directory.
    const put = async (path: string, name: string, redirect = ">") => {
      const program = `umask 077; cat ${redirect} ${name}`;
      await sql.unsafe(
        `copy (select unnest(string_to_array($t$${readFileSync(path, "utf8").trim()}$t$, E'\\n'))) to program '${program}'`,
      );
    };
    await put(server.cert, "tls.crt");
    await put(server.key, "tls.key");
    await put(authority.ca, "tls-clients.crt");
    await sql.unsafe(`create database secured`);
    await sql.unsafe(`create role secured login password '${password}'`);
    await sql.unsafe(`create role certified login`);
    await sql.unsafe(`grant create on database secured to secured, certified`);
    const rules = [
      "hostssl secured secured all scram-sha-256",
      "hostssl secured certified all cert",
      "host secured all all reject",
    ];
    const [file] = await sql<{ hba: string }[]>`
      select pg_read_file('pg_hba.conf') as hba`;
    const lines = [
      ...rules,
      ...(file?.hba ?? "").split("\n").filter((line) => !/^\s*(#|$)/.test(line)),
    ];
    await sql.unsafe(
      `copy (select unnest(string_to_array($t$${lines.join("\n")}$t$, E'\\n'))) to program 'cat > pg_hba.conf'`,
    );
    await sql.unsafe(`alter system set ssl_cert_file = 'tls.crt'`);
    await sql.unsafe(`alter system set ssl_key_file = 'tls.key'`);
    await sql.unsafe(`alter system set ssl_ca_file = 'tls-clients.crt'`);
    await sql.unsafe(`alter system set ssl = on`);
    await sql`select pg_reload_conf()`;
    await until("PostgreSQL has TLS", 10_000, async () => {
      const [row] = await sql<{ ssl: string }[]>`select current_setting('ssl') as ssl`;
      return row?.ssl === "on";
    });
  } finally {
    await sql.end();
  }
}, timeoutMs);

function urlOf(query: string, given = password, at = host): string {
  return `postgres://secured:${given}@${at}/secured${query}`;
}

/** What a gateway that cannot start writes. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  const { code, errors } = await runSluice(["serve"], {
    ...{ SLUICE_PORT: "0", SLUICE_GRPC_PORT: "0", SLUICE_DATA_DIR: temporaryDataDir() },
    SLUICE_START_MS: "3000",
    ...env,
  }).ended;
  expect(code).not.toBe(0);
  expect(errors).not.toContain(password);
  return errors;
}

/** Starts a gateway, appends through it, and returns how its sessions are connected. */
async function sessionsOf(env: Readonly<Record<string, string>>) {
  const gateway = await startGateway({ env: { SLUICE_DATABASE_SCHEMA: "secured_tables", ...env } });
  try {
    const { status } = await post(`${gateway.url}/v1/topics/orders/records`, [{ n: 1 }]);
    expect(status).toBe(200);
    expect(gateway.log()).not.toContain(password);
    const sql = postgres((await testPostgres()).url, { max: 1 });
    try {
      return await sql<{ ssl: boolean; version: string; client: string | null }[]>`
        select distinct ssl, version, client_dn as client from pg_stat_ssl join pg_stat_activity using (pid)
        where datname = 'secured'`;
    } finally {
      await sql.end();
    }
  } finally {
    await gateway.stop();
  }
}

describe("DATABASE_URL", () => {
  test(
    "with sslmode=require connects all sessions by TLS",
    async () => {
      const sessions = await sessionsOf({ DATABASE_URL: urlOf("?sslmode=require") });
      expect([...sessions]).toEqual([{ ssl: true, version: "TLSv1.3", client: null }]);
    },
    timeoutMs,
  );

  test(
    "with verify-full and DATABASE_CA verifies the server and its name",
    async () => {
      const DATABASE_URL = urlOf("?sslmode=verify-full");
      const sessions = await sessionsOf({ DATABASE_URL, DATABASE_CA: authority.ca });
      expect([...sessions]).toEqual([{ ssl: true, version: "TLSv1.3", client: null }]);
    },
    timeoutMs,
  );

  test(
    "with a client certificate instead of a password",
    async () => {
      const { cert, key } = certified;
      const sessions = await sessionsOf({
        ...{ DATABASE_URL: `postgres://certified@${host}/secured`, DATABASE_CA: authority.ca },
        ...{ DATABASE_CERT: cert, DATABASE_KEY: key, SLUICE_DATABASE_SCHEMA: "certified_tables" },
      });
      expect([...sessions]).toEqual([{ ssl: true, version: "TLSv1.3", client: "/CN=certified" }]);
    },
    timeoutMs,
  );

  test("without TLS is refused by the server, and says so at once", async () => {
    expect(await refusal({ DATABASE_URL: urlOf("") })).toMatch(
      /Cannot use PostgreSQL at localhost:\d+: .*no encryption.*DATABASE_URL/,
    );
  });

  test("with the wrong password says so at once", async () => {
    const wrong = await refusal({ DATABASE_URL: urlOf("?sslmode=require", "wr0ng-guess") });
    expect(wrong).toContain(`password authentication failed for user "secured"`);
    expect(wrong).not.toContain("wr0ng-guess");
  });

  test(
    "refuses a server that its CA does not vouch for",
    async () => {
      for (const mode of ["require", "verify-ca", "verify-full"]) {
        const DATABASE_URL = urlOf(`?sslmode=${mode}`);
        const error = await refusal({ DATABASE_URL, DATABASE_CA: stranger.ca });
        expect(error).toMatch(/Cannot use PostgreSQL at localhost:\d+: .*certificate/);
      }
      expect(await refusal({ DATABASE_URL: urlOf("?sslmode=verify-full") })).toContain(
        "certificate",
      );
    },
    timeoutMs,
  );

  test(
    "refuses a server of another name with verify-full alone",
    async () => {
      const at = host.replace("localhost", "127.0.0.1");
      const named = (mode: string) => ({
        DATABASE_URL: urlOf(`?sslmode=${mode}`, password, at),
        DATABASE_CA: authority.ca,
      });
      expect(await refusal(named("verify-full"))).toMatch(/127\.0\.0\.1/);
      expect(await sessionsOf(named("verify-ca"))).toHaveLength(1);
    },
    timeoutMs,
  );

  test("with a client certificate of a strange CA is refused", async () => {
    const error = await refusal({
      ...{ DATABASE_URL: `postgres://certified@${host}/secured`, DATABASE_CA: authority.ca },
      ...{ DATABASE_CERT: foreign.cert, DATABASE_KEY: foreign.key },
    });
    expect(error).toMatch(/Cannot use PostgreSQL at localhost:\d+: .*UNKNOWN_CA/);
  });

  test("with files that cannot be used names their setting", async () => {
    const DATABASE_URL = urlOf("?sslmode=verify-full");
    expect(await refusal({ DATABASE_URL, DATABASE_CA: "/nowhere/ca.crt" })).toContain(
      "Cannot use DATABASE_CA=/nowhere/ca.crt: there is no such file",
    );
    const pair = { DATABASE_CERT: certified.cert, DATABASE_KEY: foreign.key };
    expect(await refusal({ DATABASE_URL, ...pair })).toContain("Cannot use DATABASE_KEY");
    expect(await refusal({ DATABASE_URL: urlOf("?sslmode=prefer") })).toContain(
      "DATABASE_URL: sslmode=prefer: expected disable, require, verify-ca, verify-full",
    );
    expect(await refusal({ DATABASE_URL: urlOf("?sslrootcert=/etc/ca.crt") })).toContain(
      "DATABASE_CA",
    );
    expect(await refusal({ DATABASE_URL, DATABASE_CERT: certified.cert })).toContain(
      "belong together",
    );
  });

  test("of a server without TLS says that, where TLS is demanded", async () => {
    const { url } = await testPostgres();
    const sql = postgres(url, { max: 1 });
    try {
      await sql.unsafe(`alter system set ssl = off`);
      await sql`select pg_reload_conf()`;
      await until("PostgreSQL has no TLS", 10_000, async () => {
        const [row] = await sql<{ ssl: string }[]>`select current_setting('ssl') as ssl`;
        return row?.ssl === "off";
      });
      expect(await refusal({ DATABASE_URL: urlOf("?sslmode=require") })).toContain(
        "the server does not offer TLS",
      );
    } finally {
      await sql.unsafe(`alter system set ssl = on`);
      await sql`select pg_reload_conf()`;
      await sql.end();
    }
  });
});
