// compose.yml as Docker Compose reads it, with the secrets that its script makes. Real containers of it
// are in test/containers.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { afterThisProcess } from "../../support/cleaner.ts";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { composeGo, runTool, toolTest } from "../../support/tools.ts";

const root = join(import.meta.dir, "../../..");
const samples = join(root, "data-samples");
const folder = mkdtempSync(join(tmpdir(), "sluice-compose-"));
const secrets = join(folder, "deploy/secrets");

interface Service {
  readonly profiles?: readonly string[];
  readonly image: string;
  readonly command?: readonly string[];
  readonly volumes?: readonly unknown[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly ports?: readonly { readonly host_ip?: string }[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly deploy?: { readonly resources?: { readonly limits?: object } };
}

beforeAll(async () => {
  afterThisProcess('rm -rf "$1"', [folder]);
  mkdirSync(join(folder, "deploy"));
  for (const path of ["compose.yml", "deploy/compose"]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  const { code, errors } = await makeSecrets("sluice.example");
  expect([code, errors]).toEqual([0, ""]);
});

const makeSecrets = (...names: readonly string[]) =>
  runTool(["sh", join(folder, "deploy/compose/secrets.sh"), ...names]);
const secret = (name: string) => readFileSync(join(secrets, name), "utf8");

describe("the secrets", () => {
  test("are not made at all, and none is empty, where openssl fails", async () => {
    const bare = join(folder, "bare");
    cpSync(join(root, "deploy/compose"), join(bare, "deploy/compose"), { recursive: true });
    writeFileSync(join(bare, "openssl"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
    const path = `PATH=${bare}:${process.env["PATH"]}`;
    const { code } = await runTool(["env", path, "sh", join(bare, "deploy/compose/secrets.sh")]);
    expect(code).toBe(127);
    expect(readdirSync(join(bare, "deploy/secrets")).toSorted()).toEqual(["nats", "tls"]);
  });

  test("are random, stay as they are, and are behind a closed folder", async () => {
    const before = secret("admin.key");
    expect(before).toMatch(/^[\da-f]{64}\n$/);
    expect(secret("postgres.password")).not.toBe(before);
    expect((await makeSecrets()).code).toBe(0);
    expect(secret("admin.key")).toBe(before);
    expect(statSync(secrets).mode & 0o777).toBe(0o700);
  });

  test("have a certificate for the names that were given, and for those of the network", async () => {
    const shown = await runTool(
      ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in"].concat(
        join(secrets, "tls/tls.crt"),
      ),
    );
    for (const name of ["sluice.example", "localhost", "balancer"]) {
      expect(shown.output).toContain(`DNS:${name}`);
    }
  });
});

/** What a client of the demo does besides, so that it ends; and what replaces words of its command. */
const clients = {
  "demo-watches": ["--seconds", "1"],
  "demo-watch-consumer": ["--after", "earliest", "--limit", "1"],
  "demo-measurements": ["--seconds", "1"],
  "demo-files": ["--rate", "1000000"],
  "demo-acks": ["--after", "earliest", "--limit", "1"],
  "demo-lifecycles": ["--seconds", "1"],
  "demo-emitters": ["--seconds", "1"],
};

describe("the keys of the clients", () => {
  const keys = join(folder, "keys");
  const services = (
    parse(readFileSync(join(root, "compose.yml"), "utf8"), { merge: true, maxAliasCount: -1 }) as {
      services: Record<string, Service>;
    }
  ).services;
  const keyed = Object.entries(services).filter(([, { volumes = [] }]) =>
    volumes.some((volume) => String(volume).endsWith(":/run/key:ro")),
  );
  const keyOf = (service: string) => readFileSync(join(keys, service, "key"), "utf8").trim();
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await startGateway({
      env: {
        SLUICE_ADMIN_KEY_FILE: join(secrets, "admin.key"),
        SLUICE_RELATIONS: join(root, "data-samples/relations.json"),
      },
    });
    for (const [name] of keyed) mkdirSync(join(keys, name), { recursive: true });
    const program = `exec "${process.execPath}" "${join(root, "src/main.ts")}" "$@"`;
    writeFileSync(join(folder, "sluice"), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    await makeKeys();
  }, 60_000);
  afterAll(async () => void (await gateway.stop()));

  async function makeKeys(): Promise<void> {
    const settings = {
      PATH: `${folder}:${process.env["PATH"]}`,
      SLUICE_URL: gateway.url,
      ADMIN_KEY_FILE: join(secrets, "admin.key"),
      KEYS: keys,
    };
    const env = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const made = await runTool(["env", ...env, "sh", join(folder, "deploy/compose/keys.sh")]);
    expect([made.code, made.errors]).toEqual([0, ""]);
  }
  const ask = (service: string, path: string, init: { method?: string; body?: string } = {}) =>
    fetch(gateway.url + path, {
      ...init,
      headers: { authorization: `Bearer ${keyOf(service)}`, "content-type": "application/json" },
    });

  test("are one for each, in volumes that nobody else has", () => {
    expect(keyed.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(clients)));
    const volumes = keyed.flatMap(([, service]) =>
      (service.volumes ?? []).map(String).filter((volume) => volume.includes(":/run/key")),
    );
    expect(new Set(volumes).size).toBe(keyed.length);
    expect(new Set(keyed.map(([name]) => keyOf(name))).size).toBe(keyed.length);
    const made = (services["keys"]?.volumes ?? []).map(String);
    for (const [index, [name]] of keyed.entries()) {
      expect(made).toContain(`${volumes[index]?.split(":")[0]}:/keys/${name}`);
    }
  });

  test("let each client do its work, and nothing else", async () => {
    const rule = { topics: ["topic1", "topic2", "topic3"], output: "ack" };
    const put = { method: "PUT", body: JSON.stringify(rule) };
    expect((await ask("demo-ack-rule", "/v1/ack-rules/genetika", put)).status).toBe(201);
    for (const [service, more] of Object.entries(clients)) {
      const command = (services[service]?.command ?? [])
        .map((word) => word.replace(/^\$\{\w+:-(.*)\}$/, "$1").replace(/^\/samples$/, samples))
        .filter((word, at, all) => word !== "--speed" && all[at - 1] !== "--speed");
      const env = {
        SLUICE_URL: gateway.url,
        SLUICE_GRPC_URL: gateway.grpcUrl,
        SLUICE_KEY: keyOf(service),
      };
      const { code, output, errors } = await runSluice([...command, ...more], env).ended;
      expect([service, code, output === "", errors]).toEqual([service, 0, false, errors]);
      expect(errors).not.toContain("lacks the grant");
      const others = await Promise.all([
        ask(service, "/v1/keys"),
        ask(service, "/v1/topics/other/records", { method: "POST", body: "{}" }),
        ask(service, lastTenMinutes()),
      ]);
      expect([service, ...others.map(({ status }) => status)]).toEqual([service, 403, 403, 403]);
    }
    expect((await ask("demo-queries", lastTenMinutes())).status).toBe(200);
  }, 60_000);

  test("stay, and are replaced where one was lost", async () => {
    const [kept, lost] = [keyOf("demo-files"), keyOf("demo-acks")];
    rmSync(join(keys, "demo-acks/key"));
    await makeKeys();
    expect(keyOf("demo-files")).toBe(kept);
    expect(keyOf("demo-acks")).not.toBe(lost);
    const headers = { authorization: `Bearer ${lost}` };
    expect((await fetch(`${gateway.url}/v1/me`, { headers })).status).toBe(401);
    expect((await ask("demo-acks", "/v1/topics/ack/records")).status).toBe(200);
  }, 30_000);
});

toolTest(composeGo, "compose.yml is one to Docker Compose, with every profile", async (path) => {
  const { code, output, errors } = await runTool([path, "-format", "json", "compose.yml"], {
    cwd: folder,
  });
  expect([code, errors]).toEqual([0, ""]);
  const { services } = JSON.parse(output) as { services: Record<string, Service> };
  const of = (profile: string | undefined) =>
    Object.entries(services)
      .filter(([, { profiles = [] }]) =>
        profile === undefined ? profiles.length === 0 : profiles.includes(profile),
      )
      .map(([name]) => name)
      .toSorted();
  expect(of(undefined)).toEqual(
    ["balancer", "gateway-1", "gateway-2", "nats-1", "nats-2", "nats-3"].concat(
      "nats-volumes",
      "postgres",
    ),
  );
  expect(of("observe")).toEqual(["grafana", "prometheus"]);
  expect(of("load")).toEqual(["keys", "load"]);
  expect(of("demo").length).toBeGreaterThan(5);
  for (const [name, service] of Object.entries(services)) {
    expect([name, service.read_only, service.cap_drop]).toEqual([name, true, ["ALL"]]);
    const addresses = (service.ports ?? []).map(({ host_ip }) => host_ip);
    expect([name, addresses]).toEqual([name, addresses.map(() => "127.0.0.1")]);
  }
});

/** A query of the most frequent tag, in nanoseconds. */
function lastTenMinutes(): string {
  const end = BigInt(Date.now()) * 1_000_000n;
  return `/api?tag=tag-00001&start=${end - 600_000_000_000n}&end=${end}`;
}
