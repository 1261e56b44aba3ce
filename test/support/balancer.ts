/** The balancers of `deploy/`, as real programs with real TLS, in front of gateways of a test. */

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./certificate.ts";
import { afterThisProcess } from "./cleaner.ts";
import { freePort } from "./port.ts";
import { caddy, findTool, haproxy, nginx, type Tool } from "./tools.ts";
import { until } from "./until.ts";

export type BalancerName = "haproxy" | "caddy" | "nginx";

export interface BalancerKind {
  readonly tool: Tool;
  readonly file: string;
  command(program: string, file: string, folder: string): readonly string[];
}

const folderOfConfigs = join(import.meta.dir, "../../deploy");

export const balancers: Readonly<Record<BalancerName, BalancerKind>> = {
  haproxy: {
    tool: haproxy,
    file: "haproxy.cfg",
    command: (program, file) => [program, "-db", "-f", file],
  },
  caddy: {
    tool: caddy,
    file: "Caddyfile",
    command: (program, file) => [program, "run", "--adapter", "caddyfile", "--config", file],
  },
  nginx: {
    tool: nginx,
    file: "nginx.conf",
    command: (program, file, folder) => [program, "-p", folder, "-c", file, "-e", "stderr"],
  },
};

/** Both gateways have these ports, each on its own address. */
export interface GatewayPorts {
  readonly http: number;
  readonly grpc: number;
}

export const gatewayHosts = ["127.0.0.1", "127.0.0.2"] as const;

export interface Balancer {
  /** `https://localhost:port`, for everything, gRPC included. */
  readonly url: string;
  readonly host: string;
  readonly pid: number;
  /** What the program has written so far. */
  log(): string;
  stop(): Promise<void>;
}

export interface BalancerOptions {
  readonly certificate: Certificate;
  readonly ports: GatewayPorts;
  /** Changes the configuration as somebody who installs it would. */
  readonly edit?: (config: string) => string;
}

export async function startBalancer(
  name: BalancerName,
  { certificate, ports, edit = (config) => config }: BalancerOptions,
): Promise<Balancer> {
  const { tool, file, command } = balancers[name];
  const program = findTool(tool);
  if (program === undefined) throw new Error(`There is no ${tool.name}`);
  const [port, grpcPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  const given = readFileSync(join(folderOfConfigs, file), "utf8");
  const addressed = [
    // Listeners first: the gateways' gRPC port has the same number.
    replace(/:443,:4025/, `127.0.0.1:${port},127.0.0.1:${grpcPort}`),
    replace(/listen 443/, `listen 127.0.0.1:${port}`),
    replace(/listen 4025/, `listen 127.0.0.1:${grpcPort}`),
    replace(/sluice\.example, sluice\.example:4025/, `localhost:${port}, localhost:${grpcPort}`),
    replace(/sluice\.example/, "localhost"),
    replace(/\/etc\/sluice\/tls/, certificate.folder),
    replace(/abns@sluice-nobody/, `abns@sluice-nobody-${port}`),
    replace(/gateway-1:/, `${gatewayHosts[0]}:`),
    replace(/gateway-2:/, `${gatewayHosts[1]}:`),
    replace(/\b9000\b/, String(ports.http)),
    replace(/\b4025\b/, String(ports.grpc)),
    // What belongs to the test's process alone.
    replace(/^worker_processes auto;/m, ownOfNginx(folder)),
    replace(/^http \{/m, `http { ${temporaryOfNginx(folder)}`),
    replace(/^\{\n/m, `{\n\tadmin localhost:${adminPort}\n\tauto_https disable_redirects\n`),
  ].reduce((config, change) => change(config), edit(given));
  const path = join(folder, file);
  writeFileSync(path, addressed);
  const running = await run(command(program, path, folder), folder, port);
  return { url: `https://localhost:${port}`, host: `localhost:${port}`, ...running };
}

function replace(pattern: RegExp, text: string): (config: string) => string {
  const every = new RegExp(
    pattern,
    pattern.flags.replace("g", "") + (pattern.multiline ? "" : "g"),
  );
  return (config) => config.replace(every, text);
}

function ownOfNginx(folder: string): string {
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; user root;`;
}

function temporaryOfNginx(folder: string): string {
  const names = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return names.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
}

/** Resolves once the port accepts connections. */
async function run(
  [program = "", ...args]: readonly string[],
  folder: string,
  port: number,
): Promise<Pick<Balancer, "pid" | "log" | "stop">> {
  mkdirSync(join(folder, "home"));
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOME: join(folder, "home"), XDG_DATA_HOME: join(folder, "home") },
  });
  afterThisProcess('kill -9 "$1"; rm -rf "$2"', [String(child.pid), folder]);
  let output = "";
  const keep = (data: Buffer) => (output = (output + data.toString()).slice(-100_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  await until(`${program} on port ${port}`, 15_000, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${output}`);
    return await accepts(port);
  });
  return {
    pid: child.pid ?? 0,
    log: () => output,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  return await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: () => {}, open: (socket) => void socket.end() },
  }).then(
    () => true,
    () => false,
  );
}
