/** The npm packages, installed from their tarballs into new projects that have nothing of this repository. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../scripts/run.ts";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { denoBinary } from "../../support/deno.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";

const root = join(import.meta.dir, "../../..");
const installMs = 120_000;
const node = Bun.which("node") ?? "node";
let folder = "";
let project = "";
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-packages-"));
  // The embedded PostgreSQL runs as another user where this is root.
  await chmod(folder, 0o755);
  await succeed([process.execPath, "scripts/pack.ts", "--out", folder]);
  project = await newProject("sluice-client");
  await writeFile(join(project, "use.mjs"), scenario);
}, 180_000);

afterAll(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("sluice-gateway", () => {
  test("npx starts it on Node and npm alone", async () => {
    const own = await newProject("sluice-gateway");
    // No Bun on the path: npm brought one.
    const path = `${join(node, "..")}:/usr/bin:/bin`;
    gateway = await startGateway({
      command: ["npx", "--no-install", "sluice-gateway"],
      cwd: own,
      env: { PATH: path, SLUICE_ORIGINS: "*" },
    });
    const version = await run(["npx", "--no-install", "sluice", "--version"], {
      timeoutMs: 30_000,
      cwd: own,
      env: { PATH: path },
    });
    expect(version.output).toMatch(/^sluice \d+\.\d+\.\d+ \(.*bun /);
    for (const page of ["/ui", "/livedoc"]) {
      expect((await fetch(`${gateway.url}${page}`)).status).toBe(200);
    }
    const html = await (await fetch(`${gateway.url}/ui`)).text();
    const named = /src="([^"]+\.js)"/.exec(html)?.[1] ?? "";
    const script = await fetch(new URL(named, `${gateway.url}/ui`));
    expect((await script.text()).length).toBeGreaterThan(10_000);
    // The compiler is a dependency; the rule's budget is in a package that is patched.
    const schema = `syntax = "proto3"; import "buf/validate/validate.proto";
      message A { string s = 1 [(buf.validate.field).string.min_len = 3]; }`;
    const registered = await fetch(`${gateway.url}/subjects/x/versions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ schemaType: "PROTOBUF", schema }),
    });
    expect([registered.status, await registered.json()]).toEqual([
      200,
      expect.objectContaining({ id: 1 }),
    ]);
    const main = await Bun.file(join(own, "node_modules/sluice-gateway/dist/main.js")).text();
    expect(main).toContain("the evaluation costs more than its budget");
  }, 180_000);
});

describe("sluice-client", () => {
  const runtimes: readonly (readonly [name: string, command: () => readonly string[]])[] = [
    ["Node", () => [node]],
    // Without npm's types and caches, as a user's Deno does it with a node_modules.
    ["Deno", () => [denoBinary(), "run", "--quiet", "--node-modules-dir=manual", "--allow-all"]],
    ["Bun", () => [process.execPath]],
  ];
  for (const [name, command] of runtimes) {
    test(`on ${name}: publishes, subscribes over SSE and a socket, reads pages`, async () => {
      const output = await succeed([...command(), "use.mjs", gateway.url, `on-${name}`], project);
      expect(output.trim()).toBe("2 over SSE, 2 over a socket, 2 in a page");
    }, 60_000);
  }

  pageTest("in a page, bundled", async () => {
    await writeFile(
      join(project, "page.js"),
      `import { use } from "./use.mjs"; globalThis.used = use(${JSON.stringify(gateway.url)}, "page");`,
    );
    await succeed(
      [process.execPath, "build", "page.js", "--target=browser", "--outdir=out"],
      project,
    );
    // Nothing of what Node alone needs.
    const bundle = await Bun.file(join(project, "out/page.js")).text();
    expect(bundle.includes("PackagedWebSocket")).toBe(false);
    const browser = await launchBrowser();
    try {
      const { page } = await openPage(browser, gateway.url);
      await page.goto(`${gateway.url}/ui`);
      const used = await page.evaluate(
        `(async () => { ${bundle}; return await globalThis.used; })()`,
      );
      expect(used).toBe("2 over SSE, 2 over a socket, 2 in a page");
    } finally {
      await browser?.close();
    }
  });

  test("has types", async () => {
    await writeFile(
      join(project, "use.ts"),
      `import { createClient, type SluiceEvent, SluiceError } from "sluice-client";
const client = createClient({ url: "http://localhost:9000" });
export async function first(): Promise<SluiceEvent<{ n: number }> | undefined> {
  for await (const event of client.subscribe<{ n: number }>({ topic: "t" })) return event;
  return undefined;
}
// @ts-expect-error A target needs a topic or an emitter.
client.subscribe({ nothing: 1 });
export const isTyped: boolean = new Error() instanceof SluiceError;
`,
    );
    const tsc = [process.execPath, join(root, "node_modules/.bin/tsc")];
    const options = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--lib",
      "esnext,dom,dom.iterable",
    ];
    await succeed([...tsc, ...options, "--module", "nodenext", "use.ts"], project);
    await succeed([...tsc, ...options, "--module", "preserve", "use.ts"], project);
  }, 60_000);
});

/** A program as users write it; `use` is also what the page runs. */
const scenario = `import { createClient } from "sluice-client";

export async function use(url, emitter) {
  const client = createClient({ url });
  await client.emitters.create({ id: emitter, source: "external" });
  const socket = client.socket();
  const sse = client.subscribe({ emitter });
  const overSocket = socket.subscribe({ emitter });
  await Promise.all([sse.ready(), overSocket.ready()]);
  await client.publish({ emitter }, [{ n: 1 }]);
  await socket.publish({ emitter }, [{ n: 2 }]);
  await client.emitters.end(emitter);
  const count = async (events) => {
    let read = 0;
    for await (const { data } of events) if (data.n === read + 1) read++;
    return read;
  };
  const counts = await Promise.all([count(sse), count(overSocket)]);
  const { events } = await client.emitters.page(emitter);
  await socket.close();
  return \`\${counts[0]} over SSE, \${counts[1]} over a socket, \${events.length} in a page\`;
}

const [url, emitter] = (globalThis.process?.argv ?? []).slice(2);
if (url !== undefined) {
  console.log(await use(url, emitter));
  process.exit(0);
}
`;

async function newProject(name: string): Promise<string> {
  const path = join(folder, `uses-${name}`);
  await mkdir(path);
  await writeFile(join(path, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const install = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"];
  await succeed([...install, join(folder, `${name}.tgz`)], path);
  return path;
}

async function succeed(command: readonly string[], cwd = root): Promise<string> {
  const { code, output } = await run([...command], { timeoutMs: installMs, cwd });
  expect([command.slice(0, 3), code, code === 0 ? "" : output]).toEqual([
    command.slice(0, 3),
    0,
    "",
  ]);
  return output;
}
