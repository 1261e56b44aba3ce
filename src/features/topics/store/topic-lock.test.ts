import { expect, test } from "bun:test";
import { withPostgres } from "../../../../test/support/postgres.ts";
import { openDatabase } from "../../../postgres/database.ts";
import { migrate } from "../../../postgres/migrate.ts";
import { createTopicLock } from "./topic-lock.ts";

test("changes of a topic run one after another, and those that wait leave the store to others", async () => {
  await withPostgres(async (url) => {
    await migrate({ url });
    const database = openDatabase({ url, connectionsMax: 4 });
    const lock = createTopicLock(database);
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const made: number[] = [];
    const first = lock("orders", async () => {
      begun.resolve();
      await end.promise;
      made.push(0);
    });
    await begun.promise;
    const others = [1, 2, 3, 4, 5, 6].map((n) => lock("orders", async () => made.push(n)));
    try {
      const answer = database.run(() => database.sql`select 1`).then(() => "answered");
      expect(await Promise.race([answer, Bun.sleep(2_000)])).toBe("answered");
      expect(made).toEqual([]);
    } finally {
      end.resolve();
      await Promise.all([first, ...others]);
      await database.close();
    }
    expect(made[0]).toBe(0);
    expect(made.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
