/** As which versions of which subjects a schema is registered: for readers of records that name it. */

import type { Clock } from "../../../core/clock.ts";
import type { SubjectsOfSchemas, SubjectVersion } from "../../../core/schemas.ts";
import type { Registry } from "../registry.ts";

/** Registrations and deletions are seen after this time. */
const keptMs = 5000;
const keptMax = 1000;
/** Subjects of one schema: the newest versions count. */
const subjectsMax = 20;

interface Known {
  readonly subjects: readonly SubjectVersion[];
  readonly readMs: number;
}

export function createSubjectsOfSchemas(
  registry: Pick<Registry, "versionsOfId">,
  clock: Clock,
): SubjectsOfSchemas {
  const known = new Map<number, Known>();

  async function read(id: number): Promise<readonly SubjectVersion[]> {
    let subjects: readonly SubjectVersion[] = [];
    try {
      const versions = await registry.versionsOfId(id);
      subjects = versions
        .filter(({ deleted }) => !deleted)
        .slice(-subjectsMax)
        .map(({ subject, version }) => ({ subject, version }));
    } catch {
      // It was purged, or the store is unavailable: the record is shown without them.
    }
    if (known.size >= keptMax) known.clear();
    known.set(id, { subjects, readMs: clock.nowMs() });
    return subjects;
  }

  return {
    subjectsOf(ids) {
      const found = new Map<number, readonly SubjectVersion[]>();
      const missing: number[] = [];
      for (const id of new Set(ids)) {
        const one = known.get(id);
        if (one === undefined || clock.nowMs() - one.readMs > keptMs) missing.push(id);
        else found.set(id, one.subjects);
      }
      if (missing.length === 0) return found;
      return Promise.all(missing.map(async (id) => found.set(id, await read(id)))).then(
        () => found,
      );
    },
  };
}
