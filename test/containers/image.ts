/** The image, in real containers: `bun run containers` builds it and runs this. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Engine, openEngine } from "../../scripts/containers/engine.ts";
import { sluiceImage } from "../../scripts/containers/image.ts";
import { run } from "../../scripts/run.ts";
import { freePort } from "../support/port.ts";
import { withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const gateway = sluiceImage("gateway");
const standalone = sluiceImage("standalone");
const startMs = 60_000;
const names = new Set<string>();
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(async () => {
  for (const name of names) await engine.podman("rm", "--force", "--time=0", name);
});

/** Starts a container whose root is read-only, and waits until it can serve. */
async function start(name: string, image: string, ...options: string[]): Promise<void> {
  names.add(name);
  const rootless = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"];
  await engine.podman("run", "--detach", "--name", name, ...rootless, ...options, image);
  await until(`${name} is ready`, startMs, async () => {
    const { code } = await command("podman", "exec", name, "sluice", "health");
    return code === 0;
  });
}

/** Ends as a service manager ends it; the exit code. */
async function stop(name: string): Promise<number> {
  await engine.podman("stop", "--time=15", name);
  return Number(await inspect(name, "{{.State.ExitCode}}"));
}

const inspect = (name: string, format: string) =>
  engine.podman("inspect", "--format", format, name);

function command(...words: string[]) {
  return run(words, { env: engine.env, timeoutMs: 60_000 });
}

describe("the image", () => {
  test("has labels, a health check and a user that is not root", async () => {
    const shown = await engine.podman("image", "inspect", gateway);
    const [{ Config: config, Labels: labels, Healthcheck: check }] = JSON.parse(shown) as [
      Inspected,
    ];
    expect(config.User).toBe("10001:10001");
    expect(check?.Test).toEqual(["CMD", "sluice", "health"]);
    expect(Object.keys(config.ExposedPorts).toSorted()).toEqual(["4025/tcp", "9000/tcp"]);
    expect(labels).toMatchObject({
      "org.opencontainers.image.title": "Sluice",
      "org.opencontainers.image.version": expect.stringMatching(/^\d+\.\d+\.\d+$/),
      "org.opencontainers.image.revision": expect.stringMatching(/^[\da-f]{12}/),
      "org.opencontainers.image.licenses": "Apache-2.0",
    });
  });

  test("says what it needs without DATABASE_URL", async () => {
    const words = ["run", "--rm", "--read-only", "--network=none", "--env=SLUICE_INSECURE=1"];
    const { code, output } = await command("podman", ...words, gateway);
    expect(code).toBe(1);
    expect(output).toContain("Cannot run the embedded PostgreSQL");
    expect(output).toContain("DATABASE_URL set to a PostgreSQL server of your own");
  });

  test("serves as that user on a read-only root, compiles schemas, and drains", async () => {
    await withPostgres(async (url) => {
      const [port, grpcPort] = [await freePort(), await freePort()];
      const name = `sluice-test-${port}`;
      // PostgreSQL listens on this machine's loopback address.
      const network = [
        "--network=host",
        `--env=DATABASE_URL=${url}`,
        "--env=SLUICE_HOST=127.0.0.1",
      ];
      const ports = [`--env=SLUICE_PORT=${port}`, `--env=SLUICE_GRPC_PORT=${grpcPort}`];
      await start(name, gateway, ...network, ...ports);
      await engine.podman("healthcheck", "run", name);
      expect(await engine.podman("exec", name, "id", "-u")).toBe("10001");
      const { code } = await command("podman", "exec", name, "touch", "/opt/sluice/x");
      expect(code).not.toBe(0);
      const schema = 'syntax = "proto3"; message A { string s = 1; }';
      const response = await fetch(`http://127.0.0.1:${port}/subjects/x/versions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ schemaType: "PROTOBUF", schema }),
      });
      expect([response.status, await response.json()]).toEqual([
        200,
        expect.objectContaining({ id: 1 }),
      ]);
      expect(await stop(name)).toBe(0);
      expect(await engine.podman("logs", name)).toContain('"drained"');
    });
  });

  test("standalone: what was acknowledged survives the container", async () => {
    const port = await freePort();
    const volume = `sluice-test-${port}`;
    const options = [`--volume=${volume}:/data`, "--env=SLUICE_INSECURE=1"];
    const published = [`--publish=127.0.0.1:${port}:9000`, "--env=SLUICE_HOSTS=127.0.0.1"];
    const url = `http://127.0.0.1:${port}/v1/topics/orders/records`;
    try {
      await start(`${volume}-a`, standalone, ...options, ...published);
      const headers = { "content-type": "application/json" };
      const sent = await fetch(url, { method: "POST", headers, body: '{"order":1}' });
      expect(await sent.json()).toMatchObject({ accepted: 1 });
      await engine.podman("kill", "--signal=KILL", `${volume}-a`);
      await engine.podman("rm", "--force", `${volume}-a`);
      names.delete(`${volume}-a`);
      await start(`${volume}-b`, standalone, ...options, ...published);
      expect(await (await fetch(url)).json()).toMatchObject({ events: [{ data: { order: 1 } }] });
      expect(await stop(`${volume}-b`)).toBe(0);
    } finally {
      for (const name of names) await engine.podman("rm", "--force", "--time=0", name);
      names.clear();
      await engine.podman("volume", "rm", "--force", volume);
    }
  });
});

interface Inspected {
  readonly Config: {
    readonly User: string;
    readonly ExposedPorts: Readonly<Record<string, unknown>>;
  };
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}
