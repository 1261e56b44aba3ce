/** Bad ids, topics and keys, and things that do not exist. */

import { describe, expect, test } from "bun:test";
import { ask, post } from "../../support/http.ts";
import { expectProblem } from "../../support/problems.ts";
import { openSse } from "../../support/sse-socket.ts";
import { BadInputRig, topic } from "./rig.ts";

const rig = new BadInputRig();

const badIds = [
  ["CR LF", "a%0d%0aset-cookie:b"],
  ["NUL", "a%00b"],
  ["a space", "a%20b"],
  ["a slash", "a%2fb"],
  ["letters of another alphabet", encodeURIComponent("журнал")],
  ["an emoji", encodeURIComponent("🙂")],
  ["a character that only looks like a dot", encodeURIComponent("a․b")],
  ["broken percent-encoding", "a%zz"],
  ["broken UTF-8", "a%ff%fe"],
  ["201 characters", "a".repeat(201)],
  ["SQL", "a'%3b--"],
] as const;
const wrongId = { field: "id" };
const wrongTopic = { field: "topic" };
for (const [kind, bad] of badIds) {
  rig.table(`an id with ${kind}`, [
    ["PUT /log/…", `PUT /log/${bad}`, "400 invalid", wrongId],
    ["POST /log/…", `POST /log/${bad}`, "400 invalid", { body: "1", ...wrongId }],
    ["GET /log/…", `GET /log/${bad}`, "400 invalid", wrongId],
    ["GET /sse/log/…", `GET /sse/log/${bad}`, "400 invalid", wrongId],
    ["DELETE /log/…", `DELETE /log/${bad}`, "400 invalid", wrongId],
    ["PUT /v1/topics/…", `PUT /v1/topics/${bad}`, "400 invalid", wrongTopic],
    [
      "POST …/records",
      `POST /v1/topics/${bad}/records`,
      "400 invalid",
      { body: "1", ...wrongTopic },
    ],
    ["GET …/sse", `GET /v1/topics/${bad}/sse`, "400 invalid", wrongTopic],
  ]);
}

rig.table("what is overdue of a name with NUL", [
  ["its app", "GET /v1/overdue?app=a%00b", "400 invalid", { field: "app" }],
  ["what it misses", "GET /v1/overdue?missing=a%00b", "400 invalid", { field: "missing" }],
  ["its groups", "GET /v1/overdue/groups?missing=a%00b", "400 invalid", { field: "missing" }],
  ["its file", "GET /v1/overdue/export?app=a%00b", "400 invalid", { field: "app" }],
]);

rig.table("what does not exist", [
  ["an emitter's page", "GET /log/never-made", "404 not_found", { detail: /never-made/ }],
  ["an emitter's stream", "GET /sse/log/never-made", "404 not_found", { detail: /never-made/ }],
  ["an emitter's end", "DELETE /log/never-made", "404 not_found", { detail: /never-made/ }],
  ["an emitter", "GET /v1/emitters/never-made", "404 not_found", { detail: /never-made/ }],
  ["a topic", "GET /v1/topics/never-made", "404 not_found", { detail: /never-made/ }],
  [
    "a topic's page",
    "GET /v1/topics/never-made/records",
    "404 not_found",
    { detail: /never-made/ },
  ],
  ["a topic's stream", "GET /v1/topics/never-made/sse", "404 not_found", { detail: /never-made/ }],
  ["a topic's end", "DELETE /v1/topics/never-made", "404 not_found", { detail: /never-made/ }],
  ["an address", "GET /nowhere", "404 not_found", { detail: /nowhere/ }],
  ["a file", "GET /..%2f..%2fetc%2fpasswd", "404 not_found"],
  ["an address of CR LF", "GET /%0d%0aset-cookie:%20a=b", "404 not_found"],
]);

describe("keys", () => {
  for (const [name, key] of [
    ["CR LF", "a\r\nid:evil\r\n\r\ndata:x"],
    ["NUL", "a\u0000b"],
    ["another alphabet", "журнал 🙂"],
    ["the wildcards of NATS", "a.*.>"],
    ["only dots", ".."],
  ] as const) {
    test(`with ${name} are stored unchanged, or refused, and never break a stream`, async () => {
      const at = `${rig.url}/v1/topics/${topic}`;
      const query = `key=${encodeURIComponent(key)}`;
      const answer = await post(`${at}/records?${query}`, { about: name });
      if (answer.status !== 200) {
        expectProblem(answer, "400 invalid", { field: "key" });
        return;
      }
      const page = await ask("GET", `${at}/records?${query}`);
      expect(page.json.events).toEqual([expect.objectContaining({ key, data: { about: name } })]);
      const stream = await openSse(`${at}/sse?after=earliest&${query}`);
      expect(await stream.take(1)).toEqual([
        { event: "message", id: answer.json.position, data: JSON.stringify({ about: name }) },
      ]);
      stream.close();
    });
  }

  test("of 600 bytes are refused", async () => {
    const answer = await post(`${rig.url}/v1/topics/${topic}/records?key=${"k".repeat(600)}`, 1);
    expectProblem(answer, "413 too_large", { field: "key" });
  });

  test("a content type of 10 KB cannot be stored", async () => {
    const headers = { "content-type": `x/${"y".repeat(10_000)}` };
    const answer = await ask("POST", `${rig.url}/v1/topics/${topic}/records`, {
      body: "x",
      headers,
    });
    expectProblem(answer, "415 unsupported_media_type", { detail: /10002/ });
  });
});
