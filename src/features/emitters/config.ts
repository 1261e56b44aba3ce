/** What an emitter is asked to be: defaults, limits and checks. */
import { emitterSources, type Emitter, type EmitterSource } from "../../core/emitters.ts";
import { Failure } from "../../core/failure.ts";
import { parseName } from "../../core/topic.ts";

export interface EmitterConfig {
  readonly id: string;
  readonly source: EmitterSource;
  readonly rate: number;
}

/** What the streaming prototype's emitters made: 1,000 events in 500 s. */
const rateDefault = 2;
const rateMax = 1000;
/** One event in a hundred seconds is the least that still looks alive. */
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
    throw invalid(
      "source",
      `Cannot use source ${JSON.stringify(source)}: expected "guest" or "external"`,
    );
  }
  if (source === "external") {
    if (request.rate === undefined || request.rate === 0) return { id, source, rate: 0 };
    throw invalid(
      "rate",
      `Cannot use rate ${request.rate}: an external emitter has none, expected it left out`,
    );
  }
  const rate = request.rate ?? rateDefault;
  if (!(rate >= rateMin && rate <= rateMax)) {
    throw invalid(
      "rate",
      `Cannot use rate ${rate}: expected ${rateMin} to ${rateMax} events per second`,
    );
  }
  return { id, source, rate };
}

/** The first field in which the two are not the same. */
export function differingField(
  asked: EmitterConfig,
  standing: Emitter,
): "source" | "rate" | undefined {
  if (asked.source !== standing.source) return "source";
  return asked.rate === standing.rate ? undefined : "rate";
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Twelve characters of 36, about 62 bits: short enough to type, too many to guess. */
export function createId(): string {
  let id = "";
  while (id.length < 12) {
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
      // 252 is the last multiple of 36 in a byte: beyond it some characters would come more often.
      if (byte < 252 && id.length < 12) id += alphabet[byte % 36] ?? "";
    }
  }
  return id;
}

function invalid(field: string, message: string): Failure {
  return new Failure("invalid", message, { errors: [{ field, code: "invalid", message }] });
}
