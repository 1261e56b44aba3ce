/** The emitter that a caller requests: defaults, limits and checks. */

import { type EmitterSource, emitterSources } from "../../core/emitters.ts";
import { invalidField, quoted } from "../../core/failure.ts";
import { parseName } from "../../core/topic.ts";
import type { Emitter } from "./emitters-port.ts";

export interface RequestedEmitter {
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
export function emitterFromRequest(
  request: {
    readonly id?: string | undefined;
    readonly source?: EmitterSource | undefined;
    readonly rate?: number | undefined;
  },
  newId: () => string,
): RequestedEmitter {
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
  requested: RequestedEmitter,
  existing: Emitter,
): "source" | "rate" | undefined {
  if (requested.source !== existing.source) return "source";
  return requested.rate === existing.rate ? undefined : "rate";
}
