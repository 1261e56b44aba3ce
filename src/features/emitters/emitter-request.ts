/** The requested configuration of an emitter: defaults, limits and checks. */

import { type Emitter, type EmitterSource, emitterSources } from "../../core/emitters.ts";
import { invalidField, quoted } from "../../core/failure.ts";
import { parseName } from "../../core/topic.ts";

export interface EmitterConfig {
  readonly id: string;
  readonly source: EmitterSource;
  readonly rate: number;
}

/** The rate of the original streaming demo: 1,000 events in 500 s. */
const rateDefault = 2;
const rateMax = 1000;
/** Less than one event in a hundred seconds no longer looks alive. */
const rateMin = 0.01;

/** Complete options out of partial ones. Throws `invalid`, naming the field. */
export function configFromRequest(
  request: {
    readonly id?: string | undefined;
    readonly source?: EmitterSource | undefined;
    readonly rate?: number | undefined;
  },
  newId: () => string,
): EmitterConfig {
  const id = request.id === undefined ? newId() : parseName(request.id, "id");
  const source = request.source ?? "guest";
  if (!emitterSources.includes(source)) {
    throw invalidField(
      "/source",
      `Cannot use source ${quoted(source)}: expected "guest" or "external"`,
    );
  }
  if (source === "external") {
    if (request.rate === undefined || request.rate === 0) return { id, source, rate: 0 };
    throw invalidField(
      "/rate",
      `Cannot use rate ${request.rate}: an external emitter has none, expected it left out`,
    );
  }
  const rate = request.rate ?? rateDefault;
  if (!(rate >= rateMin && rate <= rateMax)) {
    throw invalidField(
      "/rate",
      `Cannot use rate ${rate}: expected ${rateMin} to ${rateMax} events per second`,
    );
  }
  return { id, source, rate };
}

/** The first field in which the two differ. */
export function differingField(
  requested: EmitterConfig,
  existing: Emitter,
): "source" | "rate" | undefined {
  if (requested.source !== existing.source) return "source";
  return requested.rate === existing.rate ? undefined : "rate";
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Twelve characters of 36, about 62 bits: short enough to type, too many to guess. */
export function createId(): string {
  let id = "";
  while (id.length < 12) {
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
      // 252 is the last multiple of 36 in a byte; bytes above it would favour some characters.
      if (byte < 252 && id.length < 12) id += alphabet[byte % 36] ?? "";
    }
  }
  return id;
}
