// Runs the scripts of `k6/` against a gateway that it starts: `bun run k6 [script…]`.
//
//   bun run k6              smoke, a short load, and the seed's users: 1,000 who each wait for 1,000 events
//   bun run k6 soak spike   those scripts, with the variables that k6/README.md names
//
// It builds k6 with the extension for Server-Sent Events first, once, into `.cache/bin`; that takes minutes.
// Exits with 1 if a threshold was crossed. With SLUICE_URL set it uses the gateway that runs there.

import { join } from "node:path";
import { startGateway } from "../test/support/gateway.ts";
import { buildK6 } from "./examples.ts";
import { root } from "./install.ts";

const scripts = process.argv.slice(2);
const k6 = await buildK6();
if ("reason" in k6) {
  process.stderr.write(`Cannot run k6: ${k6.reason}\n`);
  process.exit(2);
}
const gateway = process.env.SLUICE_URL === undefined ? await startGateway() : undefined;
const env = {
  ...process.env,
  ...(gateway === undefined
    ? {}
    : { SLUICE_URL: gateway.url, SLUICE_GRPC: gateway.grpcUrl.replace("http://", "") }),
};
const crossed: string[] = [];
for (const script of scripts.length > 0 ? scripts : ["smoke", "load", "emitters"]) {
  process.stdout.write(`\n${script}\n`);
  const child = Bun.spawn([k6.path, "run", "--quiet", `${script}.js`], {
    cwd: join(root, "k6"),
    env: { ...env, SUMMARY: join(root, `.cache/k6-${script}.html`) },
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) crossed.push(script);
}
await gateway?.stop();
if (crossed.length > 0) process.stderr.write(`Thresholds were crossed: ${crossed.join(", ")}\n`);
process.exit(crossed.length > 0 ? 1 : 0);
