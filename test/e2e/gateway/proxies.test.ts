// Real proxies in front of a gateway, configured as docs/deployment.md says: their health checks, the
// names that they pass on, and rules of theirs that the gateway must not undo by reading an address
// in another way than they do.

import { afterAll, beforeAll, expect } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisProcess } from "../../support/cleaner.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, exchange, statuses } from "../../support/http.ts";
import { freePort } from "../../support/port.ts";
import { haproxy, nginx, toolTest } from "../../support/tools.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;
const folder = mkdtempSync(join(tmpdir(), "sluice-proxies-"));
const proxies: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_HOSTS: "gateway.example" } });
}, 60_000);
afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** Runs the proxy until the tests end; resolves once it accepts connections on the port. */
async function startProxy(command: readonly string[], port: number): Promise<string> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  afterThisProcess("kill -9 $1", [String(child.pid)]);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  proxies.push({
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await until(`${program} on port ${port}`, 10_000, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${errors}`);
    return await fetch(url).then(
      () => true,
      () => false,
    );
  });
  return url;
}

async function startHaproxy(program: string, frontend: string): Promise<string> {
  const port = await freePort();
  const file = join(folder, `haproxy-${port}.cfg`);
  writeFileSync(
    file,
    `defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend clients
  bind 127.0.0.1:${port}
${frontend}
  default_backend nodes
backend nodes
  option httpchk GET /readyz
  default-server check inter 200ms rise 1 fall 1
  server node ${new URL(gateway.url).host}
`,
  );
  return await startProxy([program, "-f", file], port);
}

async function startNginx(program: string, server: string): Promise<string> {
  const port = await freePort();
  const file = join(folder, `nginx-${port}.conf`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx-${port}.pid; error_log stderr;
events {}
http {
  access_log off; ${temporary}
  upstream nodes { server ${new URL(gateway.url).host}; }
  server { listen 127.0.0.1:${port}; ${server} }
}
`,
  );
  return await startProxy([program, "-p", folder, "-c", file, "-e", "stderr"], port);
}

/** Addresses of the events of an emitter, each in a form that some rule of a proxy might overlook. */
function disguises(id: string): string[] {
  const beyond = ["..", "%2e%2e", ".%2E", "..\\", "x/../..", "./..", "/.."];
  return [
    ...beyond.map((dots) => `/sse/${dots}/log/${id}`),
    `/sse/..\\log\\${id}`,
    `/sse\\..\\log\\${id}`,
    `//sse/../log/${id}`,
    `/sse/..%2flog/${id}`,
    `/sse/..%5clog/${id}`,
    `/sse/../%6cog/${id}`,
    `http://gateway.example/log/${id}`,
    `/sse/#/../../log/${id}`,
  ];
}

/** Tries to end the emitter through a proxy that lets no address through but those of streams. */
async function attack(proxy: string, id: string): Promise<void> {
  await ask("PUT", `${gateway.url}/log/${id}`, { body: '{"source":"external"}' });
  const targets = [`/sse/log/${id}`, `/log/${id}`, `/log/sse/${id}`, ...disguises(id)];
  for (const target of targets) {
    for (const head of [
      `DELETE ${target} HTTP/1.0\r\n\r\n`,
      `DELETE ${target} HTTP/1.0\r\nHost: a b\r\n\r\n`,
      `DELETE ${target} HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n`,
    ]) {
      const { text } = await exchange(proxy, [head], { quietMs: 300, firstMs: 5000 });
      const [status = 0] = statuses(text);
      const isAnswer = status >= 300 && status < 500;
      expect([head, status, isAnswer]).toEqual([head, status, true]);
    }
  }
  const { json } = await ask("GET", `${gateway.url}/v1/emitters/${id}`);
  expect(json).not.toHaveProperty("ended_at");
  // The rule lets through what it should.
  const { text } = await exchange(proxy, [`GET /sse/log/${id} HTTP/1.0\r\n\r\n`], { quietMs: 500 });
  expect(text).toContain("text/event-stream");
}

toolTest(
  haproxy,
  "HAProxy's health check, HTTP/1.0 without Host, finds the node ready",
  async (path) => {
    const url = await startHaproxy(path, "");
    // A node whose check fails is out after one check, and then every request is 503.
    for (const end = Date.now() + 1500; Date.now() < end;) {
      expect((await ask("GET", `${url}/livez`)).status).toBe(200);
      await Bun.sleep(100);
    }
    const page = { origin: "http://gateway.example", host: "gateway.example" };
    const made = await ask("PUT", `${url}/log/by-haproxy`, {
      headers: page,
      body: '{"source":"external"}',
    });
    expect(made.status).toBe(201);
  },
);

toolTest(haproxy, "HAProxy's rule for paths holds, however a path is written", async (path) => {
  const url = await startHaproxy(
    path,
    `  http-request deny if { path -m reg -i '(\\\\|//|\\.\\.|%2e|%2f|%5c)' }
  http-request deny unless { path_beg /sse/ }`,
  );
  await attack(url, "behind-haproxy");
});

for (const [name, host] of [
  ["$http_host", "$http_host"],
  ["$host:$server_port", "$host:$server_port"],
] as const) {
  toolTest(nginx, `nginx passes on the name of the page's host as ${name}`, async (path) => {
    const url = await startNginx(
      path,
      `location / { proxy_pass http://nodes; proxy_set_header Host ${host}; }`,
    );
    const { port } = new URL(url);
    for (const hostname of ["gateway.example", "Gateway.example", "localhost", "127.0.0.1"]) {
      const { status } = await ask("PUT", `${url}/log/by-nginx-${port}-${hostname}`, {
        headers: { host: `${hostname}:${port}`, origin: `http://${hostname}:${port}` },
        body: '{"source":"external"}',
      });
      expect([hostname, status]).toEqual([hostname, 201]);
    }
    const { status } = await ask("PUT", `${url}/log/foreign`, {
      headers: { host: `gateway.example:${port}`, origin: "http://evil.example" },
      body: "{}",
    });
    expect(status).toBe(403);
    const evil = await ask("GET", `${url}/livez`, { headers: { host: "evil.example" } });
    expect(evil.status).toBe(403);
  });
}

toolTest(
  nginx,
  "a page is not taken for the gateway's own where nginx replaces Host",
  async (path) => {
    const url = await startNginx(path, "location / { proxy_pass http://nodes; }");
    const { status } = await ask("PUT", `${url}/log/replaced`, {
      headers: { host: "gateway.example", origin: "http://gateway.example" },
      body: '{"source":"external"}',
    });
    // "nodes", the name of nginx's upstream, is not one of the gateway's hosts.
    expect(status).toBe(403);
  },
);

toolTest(nginx, "nginx's rule for paths holds, however a path is written", async (path) => {
  const url = await startNginx(
    path,
    `if ($request_uri ~ "\\\\\\\\") { return 400; }
    location /sse/ { proxy_pass http://nodes; proxy_set_header Host $http_host; proxy_buffering off; }
    location / { return 403; }`,
  );
  await attack(url, "behind-nginx");
});
