/** Helpers for tests of files: the command line, the samples, all records of a topic. */

import { join } from "node:path";
import { ask } from "../../support/http.ts";
import { pause } from "../../support/until.ts";

const root = join(import.meta.dir, "../../..");
export const samples = join(root, "data-samples");
export const sampleTopics = ["topic1", "topic2", "topic3"] as const;
/** Counts of the samples, as in `scripts/make-samples.ts` and docs/files.md. */
export const knownSamples = { samples: 2371, assays: 2342, results: 2281, complete: 2254 };

export function sluice(...args: string[]) {
  const child = Bun.spawn([process.execPath, join(root, "src/main.ts"), ...args], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = new Response(child.stdout).text();
  const errors = new Response(child.stderr).text();
  return {
    stop: () => child.kill("SIGINT"),
    async end(): Promise<{ code: number; output: string; errors: string }> {
      const [code, text, errorText] = await Promise.all([child.exited, output, errors]);
      return { code, output: text.replaceAll("\r", ""), errors: errorText };
    },
  };
}

/** All records of a topic. A gateway that asks for a later attempt gets one. */
export async function recordsOf(url: string, topic: string) {
  const events: { time: string; data: Record<string, unknown> }[] = [];
  for (let after = "earliest"; ;) {
    const path = `${url}/v1/topics/${topic}/records?limit=1000&after=${after}`;
    const { status, json, text } = await ask("GET", path);
    if (status === 503) {
      await pause(500);
      continue;
    }
    if (status !== 200) throw new Error(`${path}: ${text}`);
    events.push(...json.events);
    if (json.next === null) return events;
    after = json.next;
  }
}
