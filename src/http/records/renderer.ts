/** Looks up what the form of records needs, and renders them. */

import type { Caller } from "../../core/access/caller.ts";
import type { StoredRecord } from "../../core/record.ts";
import type {
  DecodedRecord,
  MaybePromise,
  RecordDecoder,
  SubjectsOfSchemas,
} from "../../core/schemas.ts";
import { type RecordForm, renderRecord } from "./details.ts";

export interface RenderDeps {
  readonly schemas: RecordDecoder & SubjectsOfSchemas;
}

/**
 * Each record as JSON, in their order; synchronously where every schema is cached. Rejects with
 * `unavailable` when a schema cannot be fetched. `topic`: where the records are.
 */
export function renderRecords(
  { schemas }: RenderDeps,
  records: readonly StoredRecord[],
  form: RecordForm,
  caller: Caller,
  topic?: string,
): MaybePromise<readonly string[]> {
  if (records.length === 0 || (!form.details && !form.decode)) return render([], new Map());
  const bare = records.map(({ record }) => record);
  const decoded = schemas.decode(bare, topic);
  return decoded instanceof Promise ? decoded.then(withSubjects) : withSubjects(decoded);

  function withSubjects(all: readonly (DecodedRecord | undefined)[]): MaybePromise<string[]> {
    if (!form.details) return render(all, new Map());
    const ids = all.flatMap((one) => one?.schema?.id ?? []);
    const found = schemas.subjectsOf(ids);
    return found instanceof Promise
      ? found.then((subjects) => render(all, subjects))
      : render(all, found);
  }

  function render(
    all: readonly (DecodedRecord | undefined)[],
    subjects: Awaited<ReturnType<SubjectsOfSchemas["subjectsOf"]>>,
  ): string[] {
    return records.map((stored, i) => {
      const decoded = all[i];
      const known = subjects.get(decoded?.schema?.id ?? 0) ?? [];
      const visible = known.filter(({ subject }) => caller.may("read", "subject", subject));
      return renderRecord(stored, { decoded, subjects: visible }, form);
    });
  }
}
