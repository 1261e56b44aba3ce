/** Relations: what topics land in, how much of it they took, and why not the rest. */
import type { Hono } from "hono";
import { Failure, quoted } from "../../../core/failure.ts";
import { pageLimitDefault, pageLimitMax } from "../../../core/page.ts";
import { renderPointer, type Relation, type RelationCounts, type Relations } from "../relation.ts";
import { parseCount } from "../../../http/start.ts";

export function mountRelations(app: Hono, relations: Relations): void {
  app.get("/v1/relations", async (c) => {
    const counts = await relations.counts();
    const described = relations.all.map((relation) =>
      describe(relation, counts.get(relation.name) ?? { taken: 0, refused: 0 }),
    );
    return c.json({ relations: described });
  });
  app.get("/v1/relations/:relation/refusals", async (c) => {
    const name = c.req.param("relation");
    if (!relations.all.some((relation) => relation.name === name)) {
      throw new Failure("not_found", `There is no relation ${quoted(name)}`);
    }
    const limit = parseCount(
      "limit",
      c.req.query("limit") ?? String(pageLimitDefault),
      pageLimitMax,
      1,
    );
    const before = c.req.query("before");
    const start = before === undefined ? undefined : parseCount("before", before, 999_999_999, 1);
    const found = await relations.refusals(name, start, limit + 1);
    const refusals = found.slice(0, limit);
    const next = found.length > limit ? (refusals.at(-1)?.number ?? null) : null;
    return c.json({ refusals, next });
  });
}

function describe({ topic, name, key, columns }: Relation, counts: RelationCounts) {
  return {
    topic,
    relation: name,
    key,
    columns: columns.map(({ name, type, path }) => ({ name, type, from: renderPointer(path) })),
    ...counts,
  };
}
