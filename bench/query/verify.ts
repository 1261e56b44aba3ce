/** Compares answers with the raw data: each sample must be the last measurement at or before its instant. */

import type { Gateway } from "../../src/cli/gateway/gateway.ts";
import { failureFromProblem, reach } from "../../src/cli/gateway/request.ts";
import { tagName } from "../../src/cli/simulate/measurements-series.ts";
import type { Random } from "../../src/cli/simulate/random.ts";
import { Failure } from "../../src/core/failure.ts";
import { fetchSamples, randomRange, samplesEach, type SamplesQuery } from "./samples.ts";

export interface VerifyOptions {
  readonly gateway: Gateway;
  readonly random: Random;
  readonly prefix: string;
  readonly tags: number;
  readonly oldestNs: bigint;
  readonly newestNs: bigint;
  /** Number of answers. */
  readonly answers: number;
}

/** What is wrong with the first wrong answer, or undefined. Nothing may be written during it. */
export async function verifyAnswers(
  { gateway, random, prefix, tags, oldestNs, newestNs, answers }: VerifyOptions,
  onProgress: (done: number) => void,
): Promise<string | undefined> {
  for (let done = 0; done < answers; done++) {
    const tag = tagName(prefix, Math.floor(random.between(0, tags)));
    const wrong = await verifyAnswer(
      gateway,
      { tag, ...randomRange(random, oldestNs, newestNs) },
      oldestNs,
    );
    if (wrong !== undefined) return wrong;
    onProgress(done + 1);
  }
  return undefined;
}

async function verifyAnswer(
  gateway: Gateway,
  query: SamplesQuery,
  oldestNs: bigint,
): Promise<string | undefined> {
  const { tag, startNs, endNs } = query;
  const samples = samplesOf(await fetchSamples(gateway, query));
  const where = `${tag} from ${startNs} to ${endNs}`;
  if (samples.length !== samplesEach) return `${where}: ${samples.length} samples`;
  let at = 0;
  let last = "null";
  /** Samples whose last measurement is known by now: those before the next measurement. */
  const compareBefore = (timeNs: bigint): string | undefined => {
    for (; at < samplesEach; at++) {
      const instantNs = startNs + (BigInt(at + 1) * (endNs - startNs)) / BigInt(samplesEach);
      if (instantNs >= timeNs) return undefined;
      const sample = samples[at];
      if (sample?.timeNs !== instantNs || sample.values !== last) {
        return `${where}: sample ${at} is ${sample?.values} at ${sample?.timeNs}, expected ${last} at ${instantNs}`;
      }
    }
    return undefined;
  };
  for await (const line of exportLines(gateway, tag, oldestNs, endNs + 1n)) {
    const [, time = "", values = ""] = /"time":(-?\d+).*"values":(\[[^\]]*\])/.exec(line) ?? [];
    if (values === "") return `${where}: cannot read the export's line ${line}`;
    const wrong = compareBefore(BigInt(time));
    if (wrong !== undefined) return wrong;
    last = values;
  }
  return compareBefore(endNs + 1n);
}

interface Sample {
  readonly timeNs: bigint;
  /** As JSON, which both sides write in the same way. */
  readonly values: string;
}

function samplesOf(text: string): readonly Sample[] {
  const found = text.matchAll(/\{"time":(-?\d+),"values":(null|\[[^\]]*\])\}/g);
  return Array.from(found, ([, time = "", values = ""]) => ({ timeNs: BigInt(time), values }));
}

/** All of a tag's measurements of a range, oldest first. */
async function* exportLines(
  gateway: Gateway,
  tag: string,
  fromNs: bigint,
  toNs: bigint,
): AsyncGenerator<string, void, undefined> {
  const path = `/v1/series/${encodeURIComponent(tag)}/export?format=ndjson&start=${fromNs}&end=${toNs}`;
  const response = await reach(gateway, path, {});
  if (!response.ok) throw failureFromProblem(response, await response.text());
  if (response.body === null) throw new Failure("internal", `${path} has no body`);
  let rest = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
