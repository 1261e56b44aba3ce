/** Bad positions, positions that are gone, and bad queries. */

import { describe, expect, test } from "bun:test";
import { ask, post } from "../../support/http.ts";
import { expectProblem } from "../../support/problems.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until } from "../../support/until.ts";
import { BadInputRig, type Row, topic } from "./rig.ts";

const rig = new BadInputRig();

const future = () => rig.position.first.replace(/-.*$/, "-4zzzz");
const streams = [
  ["/log/{id}", rig.toEmitter],
  ["/sse/log/{id}", () => `/sse/log/${rig.id}`],
  ["/v1/topics/{topic}/records", rig.toTopic],
  ["/v1/topics/{topic}/sse", () => `/v1/topics/${topic}/sse`],
] as const;
for (const [name, at] of streams) {
  rig.table(`positions on ${name}`, [
    ...[
      "",
      "7x",
      "x",
      "-",
      "1-1",
      "0-0",
      "8zzz-11",
      "../..",
      "%00",
      "%0d%0a",
      "9007199254740993-1",
      "a".repeat(5000),
      "NaN-1z",
    ].map((token): Row => [
      `after=${token.slice(0, 30)}`,
      () => `GET ${at()}?after=${token}`,
      "400 invalid_position",
      { detail: /position/ },
    ]),
  ]);
}
rig.table("positions that no event has now", [
  [
    "of a removed topic",
    () => `GET ${rig.toTopic()}?after=${rig.position.ofRemoved}`,
    "410 position_gone",
  ],
  [
    "before one of a removed topic",
    () => `GET ${rig.toTopic()}?before=${rig.position.ofRemoved}`,
    "410 position_gone",
  ],
  ["past the end of a topic", () => `GET ${rig.toTopic()}?after=${future()}`, "410 position_gone"],
  [
    "past the end of an emitter",
    () => `GET ${rig.toEmitter()}?after=${future()}`,
    "410 position_gone",
  ],
  ["of an epoch to come", () => `GET ${rig.toEmitter()}?after=9zzzzzzzzz-11`, "410 position_gone"],
  [
    "a bad Last-Event-ID",
    () => `GET /sse/log/${rig.id}`,
    "400 invalid_position",
    { headers: { "last-event-id": "yesterday" }, detail: /yesterday/ },
  ],
]);

describe("a stream from a position that is gone", () => {
  for (const [name, at, from] of [
    ["of a removed topic", () => `/v1/topics/${topic}/sse`, () => rig.position.ofRemoved],
    ["past the end", () => `/v1/topics/${topic}/sse`, future],
    ["past the end of an emitter", () => `/sse/log/${rig.id}`, future],
  ] as const) {
    test(`${name}: reports a reset, and continues where it can`, async () => {
      const stream = await openSse(`${rig.url}${at()}?after=${from()}`);
      if (stream.status === 410) return stream.close();
      expect(stream.status).toBe(200);
      const [reset] = await stream.take(1);
      stream.close();
      expect(reset?.event).toBe("reset");
      expect(JSON.parse(reset?.data ?? "")).toMatchObject({ position: reset?.id });
    });
  }

  test("of a trimmed event: the page is a 410 with the position to start at, the stream a reset", async () => {
    const small = `small-${rig.id}`;
    await ask("PUT", `${rig.url}/v1/topics/${small}`, { body: `{"retention_bytes":100000}` });
    const { json: first } = await post(`${rig.url}/v1/topics/${small}/records`, { n: 0 });
    const big = Array.from({ length: 50 }, (_, n) => ({ n, pad: "x".repeat(10_000) }));
    const gone = await until("the oldest to be dropped", 60_000, async () => {
      await post(`${rig.url}/v1/topics/${small}/records`, big);
      await pause(1000);
      const answer = await ask(
        "GET",
        `${rig.url}/v1/topics/${small}/records?after=${first.position}`,
      );
      return answer.status === 200 ? undefined : answer;
    });
    expectProblem(gone, "410 position_gone");
    expect(gone.json.position).toBeString();
    const rest = await ask(
      "GET",
      `${rig.url}/v1/topics/${small}/records?limit=1&after=${gone.json.position}`,
    );
    expect(rest.status).toBe(200);
    const stream = await openSse(`${rig.url}/v1/topics/${small}/sse?after=${first.position}`);
    if (stream.status === 200) expect((await stream.take(1))[0]?.event).toBe("reset");
    else expect(stream.status).toBe(410);
    stream.close();
  }, 90_000);
});

rig.table("queries", [
  ...["0", "-1", "1001", "1e3", "ten", "", "99999999999999999999", "1.5", "%00"].map(
    (limit): Row => [
      `limit=${limit}`,
      () => `GET ${rig.toEmitter()}?limit=${limit}`,
      "400 invalid",
      { field: "limit" },
    ],
  ),
  ...["-1", "1001", "x", "", "1e9"].map((tail): Row => [
    `tail=${tail}`,
    () => `GET /sse/log/${rig.id}?tail=${tail}`,
    "400 invalid",
    { field: "tail" },
  ]),
  [
    "limit of the topics' pages",
    () => `GET ${rig.toTopic()}?limit=x`,
    "400 invalid",
    { field: "limit" },
  ],
  [
    "after and before at once",
    () => `GET ${rig.toEmitter()}?after=earliest&before=${rig.position.first}`,
    "400 invalid",
    { field: "before" },
  ],
  ["limit of the list", "GET /log?limit=0", "400 invalid", { field: "limit" }],
]);
