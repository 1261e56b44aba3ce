/** The load of `sluice bench save`: wrk where it is installed, else connections of this process. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/core/failure.ts";
import { sendOwnLoad } from "./client.ts";
import type { SaveLoad, SaveResult } from "./result.ts";

/** wrk's own threads: on two cores a third thread would only take turns. */
const threads = 2;
const script = fileURLToPath(new URL("../save.lua", import.meta.url));

/** Throws `unavailable` where wrk is requested but not installed, or its output is not as expected. */
export async function sendSaveLoad(
  url: string,
  prefix: string,
  load: SaveLoad,
): Promise<SaveResult> {
  if (load.load === "own") return await sendOwnLoad(url, prefix, load);
  try {
    return await sendByWrk(url, prefix, load);
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) throw error;
    if (load.load === "auto") return await sendOwnLoad(url, prefix, load);
    throw new Failure(
      "unavailable",
      "Cannot use --load wrk: it is not installed, expected on PATH",
    );
  }
}

async function sendByWrk(
  url: string,
  prefix: string,
  { connections, seconds, tags }: SaveLoad,
): Promise<SaveResult> {
  const shared = Math.min(threads, connections);
  const output = await run("wrk", [
    ...[`-t${shared}`, `-c${connections}`, `-d${seconds}s`, "--timeout", "10s"],
    ...["-s", script, `${url}/save`, "--", prefix, String(tags)],
  ]);
  const counted = /^counted (\{.*\})$/m.exec(output)?.[1];
  if (counted === undefined) {
    throw new Failure("unavailable", `Cannot measure: wrk said no counts:\n${output}`);
  }
  const { answers, refused, broken, ...rest } = JSON.parse(counted) as Record<
    "answers" | "refused" | "broken" | "seconds" | "p50_us" | "p99_us" | "max_us",
    number
  >;
  return {
    by: "wrk",
    seconds: rest.seconds,
    acknowledged: answers - refused,
    refused,
    broken,
    latencyMs: { p50: rest.p50_us / 1e3, p99: rest.p99_us / 1e3, max: rest.max_us / 1e3 },
  };
}

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(said);
      else reject(new Failure("unavailable", `Cannot measure: wrk ended with ${code}:\n${said}`));
    });
  });
}
