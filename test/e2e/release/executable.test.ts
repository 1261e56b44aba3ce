/** The single executable, in an empty directory without packages. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmod, cp, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findBinaries } from "../../../src/postgres/embedded/binaries.ts";
import { installedFolders } from "../../../src/postgres/embedded/installed.ts";
import { startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const root = join(import.meta.dir, "../../..");
const target = `${process.platform}-${process.arch}`;
let folder = "";
let sluice = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-executable-"));
  // The embedded PostgreSQL runs as another user where this is root.
  await chmod(folder, 0o755);
  const build = [process.execPath, "scripts/build.ts", "--out", join(folder, "dist"), target];
  const { status, stderr } = spawnSync(build[0] ?? "", build.slice(1), {
    cwd: root,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  sluice = join(folder, "sluice");
  await cp(join(folder, "dist", target, "sluice"), sluice);
  await rm(join(folder, "dist"), { recursive: true });
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs it to its end, with nothing of this environment. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", ...env },
    encoding: "utf8",
  } as const;
  return spawnSync(sluice, [...args], { ...options, timeout: 30_000 });
}

describe("the executable", () => {
  test("names its version, its commit and its runtime", () => {
    const { status, stdout } = run(["--version"]);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^sluice \d+\.\d+\.\d+ \((commit [\da-f]{12}(-modified)?, )?bun \S+\)\n$/,
      ),
    ]);
  });

  test("says in one line what it needs where there is no PostgreSQL", async () => {
    const named = run([], { SLUICE_POSTGRES_BIN: folder });
    expect([named.status, named.stdout, named.stderr]).toEqual([
      1,
      "",
      `Cannot run PostgreSQL of SLUICE_POSTGRES_BIN="${folder}": it does not contain initdb and postgres, expected a folder that does\n`,
    ]);
    // On a machine that has a recent PostgreSQL, it would start.
    if ((await installedFolders()).length > 0) return;
    const { status, stdout, stderr } = run(["serve"], { SLUICE_PORT: "0", SLUICE_GRPC_PORT: "0" });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^Cannot run the embedded PostgreSQL on .*\n$/);
    for (const way of ["lib/postgres/bin", "SLUICE_POSTGRES_BIN", "DATABASE_URL"]) {
      expect(stderr).toContain(way);
    }
    expect((await readdir(folder)).toSorted()).toEqual(["sluice"]);
  });

  test("serves its pages, applies its migrations, compiles schemas, draws figures, drains", async () => {
    const { postgres } = await findBinaries();
    await using gateway = disposable(
      await startGateway({
        command: [sluice],
        cwd: folder,
        env: { SLUICE_POSTGRES_BIN: dirname(postgres) },
      }),
    );
    const status = await json(`${gateway.url}/status`);
    expect(status).toMatchObject({
      status: "up",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    for (const page of ["/ui", "/livedoc"]) {
      expect(await assets(gateway.url, page)).toBeGreaterThan(3);
    }

    const schema = `syntax = "proto3"; import "buf/validate/validate.proto";
      message A { string s = 1 [(buf.validate.field).string.min_len = 3]; }`;
    const register = () =>
      post(`${gateway.url}/subjects/x/versions`, { schemaType: "PROTOBUF", schema });
    const without = await register();
    expect(without.status).toBe(503);
    expect(await without.json()).toMatchObject({
      message: expect.stringContaining(`@bufbuild/buf at "${folder}/lib/buf", or a descriptor set`),
    });
    const buf = join(
      root,
      `node_modules/@bufbuild/buf-${target.replace("linux-arm64", "linux-aarch64")}/bin`,
    );
    await symlink(buf, join(folder, "lib"));
    expect((await register()).status).toBe(200);

    const rule = { topics: ["a", "b"], output: "ack" };
    const made = await fetch(`${gateway.url}/v1/ack-rules/r`, {
      method: "PUT",
      body: JSON.stringify(rule),
    });
    expect(made.status).toBe(201);
    for (const topic of rule.topics) {
      expect(
        (await post(`${gateway.url}/v1/topics/${topic}/records`, { message_id: "m" })).status,
      ).toBe(200);
    }
    await until("the ack is there", 20_000, async () => {
      const { complete } = await json(`${gateway.url}/v1/ack-rules/r/stats`);
      return complete === 1;
    });
    const figures = run([
      "analyse",
      "acks",
      "--rule",
      "r",
      "--url",
      gateway.url,
      "--out",
      "figures",
    ]);
    expect([figures.status, figures.stderr]).toEqual([0, ""]);
    const png = await Bun.file(join(folder, "figures/r-delays.png")).bytes();
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe("PNG");

    expect(await gateway.stop()).toBe(0);
    expect(gateway.errors()).toEqual([]);
  }, 60_000);
});

/** Number of files that the page loads; all must be there. */
async function assets(url: string, page: string): Promise<number> {
  const html = await (await fetch(`${url}${page}`)).text();
  const addresses = [...html.matchAll(/"([^"]+\/assets\/[^"]+)"/g)].map(
    ([, address]) => address ?? "",
  );
  for (const address of addresses) {
    const response = await fetch(new URL(address, `${url}${page}`));
    expect([address, response.status, (await response.bytes()).length > 0]).toEqual([
      address,
      200,
      true,
    ]);
  }
  return addresses.length;
}

function post(url: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

async function json(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

function disposable<T extends { kill9(): Promise<void> }>(gateway: T): T & AsyncDisposable {
  return { ...gateway, [Symbol.asyncDispose]: () => gateway.kill9() };
}
