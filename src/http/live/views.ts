/** Chunks as the messages of a subscription have them, rendered once for all that have the same view. */

import type { Caller } from "../../core/access/caller.ts";
import type { Filtered, RecordFilter } from "../../core/filter/record-filter.ts";
import type { Position } from "../../core/position.ts";
import { endType, type StoredRecord } from "../../core/record.ts";
import type { MaybePromise } from "../../core/schemas.ts";
import { type AsyncFormat, asyncFormat } from "../../hub/async-format.ts";
import type { Chunk } from "../../hub/chunk.ts";
import type { RecordForm } from "../records/details.ts";
import { type RenderDeps, renderRecords } from "../records/renderer.ts";
import type { Show } from "./target.ts";

export interface ViewOptions {
  readonly show: Show;
  readonly form: RecordForm;
  /** Undefined: all of them are shown. */
  readonly filter: RecordFilter | undefined;
  /** Whose right to read subjects counts. */
  readonly caller: Caller;
}

/** Records that a filter passed over. */
export interface Passed {
  readonly passed: number;
  /** Those of them whose value could not be looked into. */
  readonly undecodable: number;
  /** Those of them for which the expression has no answer. */
  readonly failed: number;
  /** Why the first of these has none. */
  readonly failure: string | undefined;
}

/** What a message says of a chunk. */
export interface Rendered {
  /** Elements of an array. */
  readonly events: string;
  readonly count: number;
  /** What the filter passed over. */
  readonly passed: Passed;
  /** There was nothing in the chunk, for nobody. */
  readonly isHeartbeat: boolean;
  readonly through: Position;
}

export const nonePassed: Passed = { passed: 0, undecodable: 0, failed: 0, failure: undefined };

type View = AsyncFormat<Rendered>;

/** Views of one target that are shared; they differ in what clients choose. */
const sharedMax = 100;

export class Views {
  readonly #deps: RenderDeps;
  readonly #shared = new WeakMap<Show, Map<string, View>>();

  constructor(deps: RenderDeps) {
    this.#deps = deps;
  }

  of(options: ViewOptions): View {
    const { show, form, filter, caller } = options;
    const isOwn = filter !== undefined || (form.details && !caller.mayAll("read", "subject"));
    if (isOwn) return this.#view(options);
    const shared = this.#shared.get(show) ?? new Map<string, View>();
    this.#shared.set(show, shared);
    const name = JSON.stringify(form);
    const view = shared.get(name) ?? this.#view(options);
    if (shared.size >= sharedMax) shared.clear();
    shared.set(name, view);
    return view;
  }

  #view({ show, form, filter, caller }: ViewOptions): View {
    const render = (chunk: Chunk, records: readonly StoredRecord[], passed: Passed) => {
      const texts = renderRecords(this.#deps, records, form, caller, chunk.topic);
      if (!(texts instanceof Promise)) return rendered(chunk, texts, passed);
      return texts.then((all) => rendered(chunk, all, passed));
    };
    return asyncFormat((chunk): MaybePromise<Rendered> => {
      const shown = shownRecords(show(chunk));
      if (filter === undefined || shown.length === 0) return render(chunk, shown, nonePassed);
      const found = filter.apply(shown);
      const renderFound = ({ records, ...counts }: Filtered) =>
        render(chunk, records, { ...counts, passed: shown.length - records.length });
      return found instanceof Promise ? found.then(renderFound) : renderFound(found);
    });
  }
}

/** The end of a key comes as another message. */
function shownRecords({ key, records }: Chunk): readonly StoredRecord[] {
  if (key === undefined || records.at(-1)?.record.contentType !== endType) return records;
  return records.filter(({ record }) => record.contentType !== endType);
}

function rendered({ records, through }: Chunk, texts: readonly string[], passed: Passed): Rendered {
  return {
    events: texts.join(","),
    count: texts.length,
    passed,
    isHeartbeat: records.length === 0,
    through,
  };
}
