// compose.yml as Docker Compose reads it, with the secrets that its script makes. Real containers of it
// are in test/containers.

import { beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisProcess } from "../../support/cleaner.ts";
import { composeGo, runTool, toolTest } from "../../support/tools.ts";

const root = join(import.meta.dir, "../../..");
const folder = mkdtempSync(join(tmpdir(), "sluice-compose-"));
const secrets = join(folder, "deploy/secrets");

interface Service {
  readonly profiles?: readonly string[];
  readonly image: string;
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
  expect(of("load")).toEqual(["load"]);
  expect(of("demo").length).toBeGreaterThan(5);
  for (const [name, service] of Object.entries(services)) {
    expect([name, service.read_only, service.cap_drop]).toEqual([name, true, ["ALL"]]);
    const addresses = (service.ports ?? []).map(({ host_ip }) => host_ip);
    expect([name, addresses]).toEqual([name, addresses.map(() => "127.0.0.1")]);
  }
});
