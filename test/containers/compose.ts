/** compose.yml, in real containers: `bun run containers compose` brings it up and runs this. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Compose, openCompose } from "../../scripts/containers/compose.ts";
import { type Engine, openEngine } from "../../scripts/containers/engine.ts";
import { run } from "../../scripts/run.ts";
import { createClient } from "../../src/client/index.ts";
import { launchBrowser, openPage } from "../support/browser.ts";
import { freePort } from "../support/port.ts";
import { until } from "../support/until.ts";

const root = join(import.meta.dir, "../..");
const startMs = 240_000;
const services = ["balancer", "gateway-1", "gateway-2", "nats-1", "nats-2", "nats-3", "postgres"];

let engine: Engine;
let compose: Compose;
let url: string;
let ca: string;
let key: string;

beforeAll(async () => {
  const [port, grpcPort] = [await freePort(), await freePort()];
  engine = await openEngine();
  compose = await openCompose(engine, {
    project: `sluice-${port}`,
    env: { SLUICE_HTTPS_PORT: String(port), SLUICE_RPC_PORT: String(grpcPort) },
  });
  url = `https://localhost:${port}`;
  ca = readFileSync(join(root, "deploy/secrets/tls/tls.crt"), "utf8");
  key = readFileSync(join(root, "deploy/secrets/admin.key"), "utf8").trim();
  await compose.run("up", "--detach");
  await until("a gateway is ready behind the balancer", startMs, async () => {
    const status = await ask("/readyz").then(
      (response) => response.status,
      () => 0,
    );
    return status === 200;
  });
}, startMs * 2);

afterAll(async () => {
  const profiles = ["--profile", "demo", "--profile", "load"];
  await compose.run(...profiles, "down", "--volumes", "--timeout", "5");
  const left = await engine.podman("ps", "--all", "--format", "{{.Names}}");
  expect(left).not.toContain(compose.container("gateway-1"));
}, startMs);

function ask(path: string, init: { method?: string; body?: string } = {}): Promise<Response> {
  return fetch(url + path, {
    ...init,
    headers: { authorization: `Bearer ${key}` },
    tls: { ca },
  });
}

const inspect = (service: string, format: string) =>
  engine.podman("inspect", "--format", format, compose.container(service));

const isHealthy = async (service: string) => {
  const check = ["podman", "healthcheck", "run", compose.container(service)];
  return (await run(check, { env: engine.env, timeoutMs: 30_000 })).code === 0;
};

describe("compose.yml", () => {
  test("has services that are healthy, read-only and not root", async () => {
    for (const service of services) {
      await until(`${service} is healthy`, 60_000, () => isHealthy(service));
      expect(await inspect(service, "{{.HostConfig.ReadonlyRootfs}}")).toBe("true");
      expect(await inspect(service, "{{.Config.User}}")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      const ports = await inspect(service, "{{json .HostConfig.PortBindings}}");
      if (service === "balancer") expect(ports).toContain('"HostIp":"127.0.0.1"');
      else expect(ports).not.toContain("HostPort");
    }
  });

  test("asks for a credential, and keeps three replicas of each stream", async () => {
    const without = await fetch(`${url}/v1/topics`, { tls: { ca } });
    expect(without.status).toBe(401);
    const appended = await ask("/v1/topics/orders/records", { method: "POST", body: '{"n":1}' });
    expect([appended.status, await appended.json()]).toMatchObject([200, { accepted: 1 }]);
    const monitor = "http://127.0.0.1:8222/jsz?streams=true&config=true";
    const status = await engine.podman(
      ...["exec", compose.container("nats-1"), "wget", "-q", "-O", "-", monitor],
    );
    const replicas = [...status.matchAll(/"num_replicas": (\d)/g)].map(([, count]) => count);
    expect(replicas.length).toBeGreaterThan(0);
    expect(new Set(replicas)).toEqual(new Set(["3"]));
  });

  test("shows its dashboard to a browser", async () => {
    const browser = await launchBrowser();
    const { page } = await openPage(browser, url, { ignoreHTTPSErrors: true });
    await page.goto(`${url}/ui`, { waitUntil: "commit" });
    await page.locator('input[type="password"]').fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#app header").waitFor();
    await browser?.close();
  });

  test("passes k6's smoke over TLS", async () => {
    await compose.run("--profile", "load", "up", "--detach", "load");
    const code = await engine.podman("wait", compose.container("load"));
    expect([code, await engine.podman("logs", compose.container("load"))]).toEqual([
      "0",
      expect.stringContaining("All thresholds hold."),
    ]);
  });

  test("has a demo whose services write, through the balancer", async () => {
    await compose.run("--profile", "demo", "up", "--detach");
    const found = async (path: string | (() => string), pattern: RegExp) =>
      await until(`${String(path)} has ${String(pattern)}`, 120_000, async () => {
        const response = await ask(typeof path === "string" ? path : path());
        return pattern.test(await response.text());
      });
    await found("/v1/topics/biometrics/records?limit=1", /"position"/);
    await found("/v1/topics/topic1/records?limit=1", /"message_id"/);
    await found("/v1/topics/ack/records?limit=1", /"rule":"genetika"/);
    await found("/v1/relations", /"taken":[1-9]/);
    await found("/v1/messages?app_id=demo", /MESSAGE_CREATED/);
    await found("/log", /"demo-/);
    await found(() => {
      const end = BigInt(Date.now()) * 1_000_000n;
      return `/api?tag=tag-00001&start=${end - 600_000_000_000n}&end=${end}`;
    }, /"values":\[/);
    const queries = await engine.podman("logs", compose.container("demo-queries"));
    expect(queries).not.toContain("level=error");
  }, 300_000);

  test("loses nothing when a gateway is killed, and a NATS server", async () => {
    const client = createClient({
      url,
      headers: { authorization: `Bearer ${key}` },
      fetch: (input, init) => fetch(input, { ...init, tls: { ca } }),
      attemptsMax: 30,
    });
    await ask("/v1/topics/killed", { method: "PUT", body: "{}" });
    const read: number[] = [];
    const subscription = client.subscribe<{ n: number }>({ topic: "killed" }, { from: "earliest" });
    const reading = (async () => {
      for await (const { data } of subscription) read.push(data.n);
    })();
    let n = 0;
    const append = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await client.publish({ topic: "killed" }, [{ n }], { idempotencyKey: `killed-${n}` });
        n++;
      }
    };
    await append(20);
    for (const service of ["gateway-1", "nats-2"]) {
      await engine.podman("kill", "--signal", "KILL", compose.container(service));
      await append(20);
      await engine.podman("start", compose.container(service));
      await until(`${service} is healthy again`, 120_000, () => isHealthy(service));
      await append(20);
    }
    await until("the reader has all of them", 60_000, () => read.length >= n);
    await subscription.return();
    await reading;
    expect(read).toEqual(Array.from({ length: n }, (_, i) => i));
  }, 300_000);
});
