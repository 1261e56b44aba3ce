// Runs the scripts of `k6/` through a TLS balancer: `bun run k6 [script…]`.
//
//   bun run k6              smoke, a short load, and the seed's users
//   bun run k6 soak spike   those scripts, with the variables that k6/README.md names
//
// It builds k6 with the extension for Server-Sent Events first, once, into `.cache/bin`; that takes minutes. Then
// it starts HAProxy, two gateways, three NATS servers and PostgreSQL, and reports what they use. With SLUICE_URL
// set it uses the gateway that runs there. Each script's summary is printed, and is a page in `.cache/`.
// Exits with 1 if a threshold was crossed.

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cluster, startCluster } from "../test/support/cluster.ts";
import { buildK6 } from "./examples.ts";
import { root } from "./install.ts";
import { usageHtml, usageText } from "./k6/report.ts";
import { watchUsage } from "./k6/usage.ts";
import { provideNatsServer } from "./services.ts";

const scripts = process.argv.slice(2);
const k6 = await buildK6();
if ("reason" in k6) cannotRun(k6.reason);
const crossed: string[] = [];
{
  await using cluster = process.env.SLUICE_URL === undefined ? await start() : undefined;
  for (const script of scripts.length > 0 ? scripts : ["smoke", "load", "emitters"]) {
    if (!(await run(k6.path, script, cluster))) crossed.push(script);
  }
}
if (crossed.length > 0) process.stderr.write(`Thresholds were crossed: ${crossed.join(", ")}\n`);
process.exit(crossed.length > 0 ? 1 : 0);

async function start(): Promise<Cluster> {
  const lack = await provideNatsServer();
  if (lack !== undefined) cannotRun(lack);
  return await startCluster();
}

function cannotRun(why: string): never {
  process.stderr.write(`Cannot run k6: ${why}\n`);
  process.exit(2);
}

/** False: a threshold was crossed. */
async function run(program: string, script: string, cluster: Cluster | undefined) {
  process.stdout.write(`\n${script}\n`);
  const page = join(root, `.cache/k6-${script}.html`);
  const child = Bun.spawn([program, "run", "--quiet", `${script}.js`], {
    cwd: join(root, "k6"),
    env: {
      ...process.env,
      SUMMARY: page,
      ...(cluster === undefined
        ? {}
        : {
            SLUICE_URL: cluster.balancer.url,
            SLUICE_GRPC: cluster.balancer.host,
            SSL_CERT_FILE: cluster.certificate.file,
          }),
    },
    stdout: "inherit",
    stderr: "inherit",
  });
  if (cluster === undefined) return (await child.exited) === 0;
  const { balancer, pair, nats } = cluster;
  const usage = watchUsage([
    ...pair.gateways.map(({ pid }, index) => ({ name: `gateway-${index + 1}`, pid })),
    { name: "haproxy", pid: balancer.pid },
    ...nats.servers.map(({ pid }, index) => ({ name: `nats-${index + 1}`, pid })),
    { name: "k6", pid: child.pid },
  ]);
  const code = await child.exited;
  const used = usage.stop();
  process.stdout.write(`${usageText(used)}${page}\n`);
  await appendFile(page, usageHtml(used));
  for (const line of pair.gateways.flatMap((gateway) => gateway.errors()).slice(0, 10)) {
    process.stdout.write(`gateway error ${line}\n`);
  }
  return code === 0;
}
