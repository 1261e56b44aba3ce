/** Filters of records, as pages, streams, sockets and exports use them. */

import type { Turn, Turns } from "../../../core/budget/turn.ts";
import type {
  Filtered,
  FilterQuery,
  RecordFilter,
  RecordFilters,
} from "../../../core/filter/record-filter.ts";
import { endType, isJsonType, type StoredRecord } from "../../../core/record.ts";
import type { MaybePromise } from "../../../core/schemas.ts";
import type { Decoders } from "../decode/decoders.ts";
import { createLookup, inOrder, messageOf, nameOf } from "../decode/named-schema.ts";
import type { FoundSchema, RecordBindings } from "./bindings.ts";
import type { Expression } from "./expression.ts";
import { TextSearch } from "./text.ts";

export function createRecordFilters(decoders: Decoders, turns: Turns): RecordFilters {
  return {
    async compile({ where, text }: FilterQuery): Promise<RecordFilter | undefined> {
      if (where === undefined && text === undefined) return undefined;
      const search = text === undefined ? undefined : new TextSearch(text);
      if (where === undefined) return new Filter(decoders, turns, { search });
      // Loaded with the first expression, as the linker is (`submission.ts`).
      const { compileExpression } = await import("./expression.ts");
      const { RecordBindings } = await import("./bindings.ts");
      const expression = compileExpression(where);
      return new Filter(decoders, turns, { search, where: { expression, RecordBindings } });
    },
  };
}

interface Conditions {
  readonly search?: TextSearch | undefined;
  readonly where?: {
    readonly expression: Expression;
    readonly RecordBindings: typeof RecordBindings;
  };
}

/** Of one record: whether it matches, or why that is not known. */
type Verdict = boolean | "undecodable" | { readonly failure: string };

class Filter implements RecordFilter {
  readonly #decoders: Decoders;
  readonly #turns: Turns;
  readonly #conditions: Conditions;
  readonly #needsSchema: boolean;

  constructor(decoders: Decoders, turns: Turns, conditions: Conditions) {
    this.#decoders = decoders;
    this.#turns = turns;
    this.#conditions = conditions;
    const uses = conditions.where?.expression.uses;
    this.#needsSchema =
      conditions.search !== undefined ||
      uses?.has("value") === true ||
      uses?.has("schema") === true;
  }

  apply(records: readonly StoredRecord[], turn?: Turn): MaybePromise<Filtered> {
    const lookup = createLookup(this.#decoders);
    const one = (stored: StoredRecord): Verdict | Promise<Verdict> => {
      if (stored.record.contentType === endType) return true;
      const named = this.#needsSchema ? nameOf(stored.record) : undefined;
      if (named === undefined) return this.#judge(stored, undefined);
      if ("issue" in named) return this.#judge(stored, "unknown");
      const found = lookup(named.ref);
      if (found instanceof Promise) {
        return found.then((known) => this.#judge(stored, known && { named, known }, true));
      }
      return this.#judge(stored, found && { named, known: found }, true);
    };
    const verdicts = inOrder(records, one, turn ?? this.#turns.open());
    if (verdicts instanceof Promise) return verdicts.then((all) => summed(records, all));
    return summed(records, verdicts);
  }

  #judge(stored: StoredRecord, found: FoundSchema, isNamed = false): Verdict {
    const schema = found ?? (isNamed ? "unknown" : undefined);
    const { search, where } = this.#conditions;
    if (search !== undefined && !search.isIn(stored.record)) {
      if (!isInDecoded(search, stored, schema)) return false;
    }
    if (where === undefined) return true;
    const bindings = new where.RecordBindings(stored, schema);
    const verdict = where.expression.evaluate(bindings, stored.record.value.byteLength);
    return typeof verdict !== "boolean" && bindings.isUndecodable ? "undecodable" : verdict;
  }
}

/** Numbers and names of fields are not text before a message is decoded. */
function isInDecoded(search: TextSearch, { record }: StoredRecord, schema: FoundSchema): boolean {
  if (schema === undefined || schema === "unknown" || isJsonType(record.contentType)) return false;
  const name = messageOf(schema.named, schema.known);
  if (typeof name !== "string") return false;
  try {
    return search.isInText(schema.known.decoder.decode(schema.named.payload, name));
  } catch {
    // What does not decode has no other text than its bytes.
    return false;
  }
}

function summed(records: readonly StoredRecord[], verdicts: readonly Verdict[]): Filtered {
  const matching: StoredRecord[] = [];
  let undecodable = 0;
  let failed = 0;
  let failure: string | undefined;
  for (const [i, stored] of records.entries()) {
    const verdict = verdicts[i];
    if (verdict === true) matching.push(stored);
    else if (verdict === "undecodable") undecodable++;
    else if (typeof verdict === "object") {
      failed++;
      failure ??= verdict.failure;
    }
  }
  return { records: matching, undecodable, failed, failure };
}
