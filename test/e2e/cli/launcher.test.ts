/** `bin/sluice.mjs`, which Node runs: the program that npm puts on the path. */

import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterThisProcess } from "../../support/cleaner.ts";
import { startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const launcher = fileURLToPath(new URL("../../../bin/sluice.mjs", import.meta.url));
const node = Bun.which("node") ?? "node";

/** This Bun is on the path, so that none is fetched. */
function launch(args: readonly string[], cwd = tmpdir(), program = launcher) {
  const child = spawn(node, [program, ...args], {
    cwd,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` },
  });
  afterThisProcess("kill -9 $1", [String(child.pid)]);
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<{ code: number | null; output: string; errors: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, output, errors }));
  });
  return { child, ended, errors: () => errors };
}

describe("bin/sluice.mjs", () => {
  test("passes arguments, input, output and exit codes through, also by npm's link", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-bin-"));
    const link = join(folder, "sluice");
    await symlink(launcher, link);
    const version = await launch(["--version"], folder, link).ended;
    expect([version.code, version.output]).toEqual([0, expect.stringMatching(/^sluice \d/)]);
    expect((await launch(["topic", "lst"]).ended).code).toBe(2);
    const gateway = await startGateway();
    const publishing = launch(["publish", "x", "--url", gateway.url]);
    publishing.child.stdin.end("1\n");
    expect(await publishing.ended).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^1 re/),
    });
    await gateway.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  test("passes signals through: a gateway drains, an interrupted command ends with 130", async () => {
    const gateway = await startGateway({
      command: [node, launcher, "serve"],
      env: { PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` },
    });
    const simulating = launch([
      ...["simulate", "lifecycles", "--seconds", "60", "--url", gateway.url],
    ]);
    await until("it sends", 20_000, () => simulating.errors().includes("events of"));
    simulating.child.kill("SIGINT");
    expect((await simulating.ended).code).toBe(130);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.log()).toContain('"drained"');
  }, 60_000);
});
