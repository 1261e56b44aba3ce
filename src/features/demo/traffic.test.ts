import { expect, test } from "bun:test";
import { requestsOf } from "./traffic.ts";

test("what is shipped was ordered in the same run, and few orders are forgotten", () => {
  const ordered = new Set<string>();
  const shipped = new Set<string>();
  for (let second = 1000; second < 1100; second++) {
    const requests = requestsOf({ first: 1000, second, nowMs: second * 1000, schemaId: 7 });
    for (const [path, ids] of [
      ["/v1/topics/demo-orders/records", ordered],
      ["/v1/topics/demo-shipments/records", shipped],
    ] as const) {
      const body = requests.find((one) => one.path === path)?.body ?? "[]";
      for (const record of JSON.parse(body) as readonly { message_id: string }[]) {
        expect(ids.has(record.message_id)).toBe(false);
        ids.add(record.message_id);
      }
    }
  }
  expect(ordered.size).toBe(500);
  expect([...shipped].filter((id) => !ordered.has(id))).toEqual([]);
  const forgotten = ordered.size - shipped.size;
  // Those of the last four seconds are on their way.
  expect(forgotten).toBeGreaterThan(20);
  expect(forgotten).toBeLessThan(20 + 500 / 20);
});
