import { expect, test } from "bun:test";
import { comparePositions, parsePosition } from "../../../src/core/position.ts";
import { defaultTopicSettings, type Layout } from "../../../src/core/topic.ts";
import {
  eventually,
  failureOf,
  follow,
  numbered,
  readAll,
  record,
  type Suite,
  textsOf,
} from "./suite.ts";

/** Settings as failures name them. */
const publicNames = {
  layout: "/layout",
  retentionMs: "/retention_ms",
  retentionBytes: "/retention_bytes",
  schema: "/schema",
};

export function topicContract(suite: Suite, layout: Layout): void {
  const settings = {
    ...defaultTopicSettings,
    layout,
    retentionMs: 3_600_000,
    retentionBytes: 50_000_000,
    schema: "validated" as const,
  };

  test("creating a topic is idempotent; with other settings it is a conflict", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const name = await suite.topic(settings);
    await log.append(name, [record("kept")]);
    const made = await other.create(name, settings);
    expect(made.name).toBe(name);
    expect(made.settings).toEqual(settings);
    expect(made.bounds).toEqual(await log.bounds(name));
    for (const changed of [
      { ...settings, layout: layout === "records" ? ("frames" as const) : ("records" as const) },
      { ...settings, retentionMs: 7_200_000 },
      { ...settings, retentionBytes: 60_000_000 },
      { ...settings, schema: "id" as const },
      { ...settings, schema: "none" as const },
    ]) {
      const failure = await failureOf(log.create(name, changed));
      expect(failure.code).toBe("conflict");
      const fields = Object.entries(publicNames).filter(
        ([member]) => Reflect.get(changed, member) !== Reflect.get(settings, member),
      );
      expect(failure.errors.map(({ field }) => field)).toEqual(fields.map(([, name]) => name));
      for (const { message } of failure.errors) {
        expect(message).toMatch(/with \w+ \w+: it exists with \w+$/);
      }
    }
    expect((await log.describe(name))?.settings).toEqual(settings);
    expect(textsOf(await readAll(log, name))).toEqual(["kept"]);
  });

  test("retention changes while the topic exists, and applies to what is there", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const name = await suite.topic(settings);
    const { last } = await log.append(name, numbered("r", 20));
    const before = (await other.describe(name)) ?? fail();
    const longer = { retentionMs: 7_200_000, retentionBytes: 60_000_000 };
    expect(await log.change(name, longer)).toEqual({
      ...before,
      settings: { ...settings, ...longer },
    });
    expect((await other.describe(name))?.settings).toEqual({ ...settings, ...longer });
    expect(await other.create(name, { ...settings, ...longer })).toMatchObject({ name });
    expect(textsOf(await readAll(other, name))).toHaveLength(20);

    const none = { retentionMs: 0, retentionBytes: 0 };
    expect((await log.change(name, none)).settings).toEqual({ ...settings, ...none });
    await log.change(name, { retentionMs: 1000, retentionBytes: 0 });
    await eventually(
      "the old records to be dropped",
      async () => {
        await suite.harness.trim?.();
        const { start, end } = await other.bounds(name);
        return comparePositions(start, end) === 0 && comparePositions(end, last) === 0;
      },
      20_000,
    );
    const gone = await failureOf(log.change(`absent-${Math.random()}`, longer));
    expect(gone.code).toBe("not_found");
  }, 30_000);

  test("the schema rule changes alone, in both directions, and its records stay", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const name = await suite.topic(settings);
    await log.append(name, [record("kept")]);
    for (const schema of ["id", "none", "validated"] as const) {
      expect((await log.change(name, { schema })).settings).toEqual({ ...settings, schema });
      expect((await other.describe(name))?.settings).toEqual({ ...settings, schema });
    }
    const longer = { retentionMs: 7_200_000 };
    expect((await other.change(name, longer)).settings).toEqual({
      ...settings,
      ...longer,
      schema: "validated",
    });
    expect(textsOf(await readAll(other, name))).toEqual(["kept"]);
    const gone = await failureOf(log.change(`absent-${Math.random()}`, { schema: "id" }));
    expect(gone.code).toBe("not_found");
  });

  test("many nodes may create one topic at once", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const name = `contract.at-once-${Math.random().toString(36).slice(2)}`;
    const made = await Promise.all(
      [0, 1, 0, 1].map((i) => nodes[i === 0 ? 0 : 1].create(name, settings)),
    );
    expect(new Set(made.map((each) => each.bounds.epoch)).size).toBe(1);
    await nodes[0].append(name, [record("x")]);
    expect((await readAll(nodes[1], name)).length).toBe(1);
  });

  test("topics are described and listed by name", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const names = [await suite.topic(settings), await suite.topic({ layout })];
    await log.append(names[0] ?? "", numbered("r", 10));
    const listed = await other.list();
    expect(listed.map((each) => each.name)).toEqual(listed.map((each) => each.name).sort());
    for (const name of names) {
      const described = await other.describe(name);
      expect(described).toBeDefined();
      expect(listed.find((each) => each.name === name)).toEqual(described ?? fail());
    }
    expect(await other.count()).toBe(listed.length);
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await other.list({ after, limit: 3 });
      paged.push(...page.map((each) => each.name));
      if (page.length < 3) break;
      after = page.at(-1)?.name;
    }
    expect(paged).toEqual(listed.map((each) => each.name));
    expect((await other.list({ after: listed[0]?.name })).length).toBe(listed.length - 1);
    const described = await other.describe(names[0] ?? "");
    expect(described?.settings).toEqual(settings);
    expect(described?.bounds).toEqual(await log.bounds(names[0] ?? ""));
    expect(described?.bytes).toBeGreaterThan(20);
    expect(await log.describe(`absent-${Math.random()}`)).toBeUndefined();
  });

  test("a removed topic is gone for every node", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const name = await suite.topic({ layout });
    await log.append(name, numbered("r", 10));
    await other.append(name, [record("x")]);
    const live = [
      follow(log, name, { after: "earliest" }),
      follow(other, name, { after: "earliest", key: "k" }),
    ];
    await eventually("the records", () => live[0]?.records.length === 11);
    await other.remove(name);

    for (const each of live) {
      expect(["not_found", "position_gone"]).toContain((await each.ended)?.code ?? "no failure");
    }
    for (const node of [log, other]) {
      expect(await node.describe(name)).toBeUndefined();
      expect((await node.list()).some((each) => each.name === name)).toBe(false);
      expect((await failureOf(node.append(name, [record("x")]))).code).toBe("not_found");
      expect((await failureOf(node.bounds(name))).code).toBe("not_found");
      expect((await failureOf(node.read(name, { after: "earliest" }))).code).toBe("not_found");
    }
    expect((await failureOf(log.remove(name))).code).toBe("not_found");
  }, 30_000);

  test("a recreated topic begins a higher epoch; the old incarnation's positions are refused", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const name = await suite.topic({ layout });
    let before = await log.append(name, numbered("old", 5), { dedupId: "same" });
    for (let incarnation = 0; incarnation < 3; incarnation++) {
      await other.append(name, [record("warm")]);
      const live = follow(log, name, { after: before.last });
      await eventually("the old incarnation's reader", () => live.records.length === 1);
      await other.remove(name);
      const made = await other.create(name, { ...settings, retentionMs: 0 });
      expect(made.bounds.epoch).toBeGreaterThan(before.last.epoch);
      expect(made.bounds.start).toEqual(made.bounds.end);
      expect(["not_found", "position_gone"]).toContain((await live.ended)?.code ?? "no failure");

      // The dedup id of the former incarnation is free again, also on the node that knew it.
      const first = await log.append(name, numbered(`new${incarnation}-`, 2), { dedupId: "same" });
      expect(first.duplicate).toBe(false);
      expect(first.first.epoch).toBe(made.bounds.epoch);
      for (const node of [log, other]) {
        const failure = await failureOf(node.read(name, { after: before.last }));
        expect(failure.code).toBe("position_gone");
        const restart = parsePosition(failure.position ?? "");
        expect(textsOf(await readAll(node, name, { after: restart }))).toEqual([
          `new${incarnation}-0`,
          `new${incarnation}-1`,
        ]);
      }
      before = first;
    }
  }, 60_000);
}

function fail(): never {
  throw new Error("The topic is not described");
}
