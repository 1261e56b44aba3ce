/** What a silent stream sends, for clients that read a bare `id:` in different ways. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { within } from "../../support/until.ts";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: "1000" } });
  await ask("PUT", `${gateway.url}/log/quiet`, { body: '{"source":"external"}' });
  await post(`${gateway.url}/log/quiet`, [{ n: 1 }]);
  await post(`${gateway.url}/v1/topics/quiet/records`, [{ n: 1 }]);
}, 60_000);

afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
});

/** What the stream sends until the text matches. */
async function readUntil(path: string, pattern: RegExp): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(gateway.url + path, { signal: leaving.signal });
  expect(response.status).toBe(200);
  let text = "";
  const decoder = new TextDecoder();
  const reading = async () => {
    if (response.body === null) throw new Error("The stream has no body");
    for await (const bytes of response.body) {
      text += decoder.decode(bytes, { stream: true });
      if (pattern.test(text)) return;
    }
  };
  await within(`${path} to send ${pattern}`, 10_000, reading());
  leaving.abort();
  return text;
}

/** Events as httpx-sse reports them: a block counts from its first field on, and an id is kept. */
function eventsOfHttpxSse(text: string): { event: string; data: string; id: string }[] {
  const events: { event: string; data: string; id: string }[] = [];
  let [event, data, id, hasRetry] = ["", [] as string[], "", false];
  for (const line of text.split("\n").slice(0, -1)) {
    if (line === "") {
      if (event !== "" || data.length > 0 || id !== "" || hasRetry) {
        events.push({ event: event === "" ? "message" : event, data: data.join("\n"), id });
      }
      [event, data, hasRetry] = ["", [], false];
    } else if (line.startsWith("event:")) event = line.slice(6);
    else if (line.startsWith("data:")) data.push(line.slice(5));
    else if (line.startsWith("id:")) id = line.slice(3);
    else if (line.startsWith("retry:")) hasRetry = true;
  }
  return events;
}

const at = "[0-9a-z]+-[0-9a-z]+(?:-[0-9a-z]+)?";

describe.each(["/log/sse/quiet?", "/v1/topics/quiet/sse?", "/v1/topics/quiet/sse?decode=json&"])(
  "%s",
  (path) => {
    test("as comments, its heartbeats are no messages, not even empty ones", async () => {
      const query = `${path}heartbeat=comment&after=earliest`;
      const text = await readUntil(query, new RegExp(`\\n\\n:${at}\\n$`));
      const events = eventsOfHttpxSse(text);
      expect(events).toHaveLength(1);
      expect(events[0]?.data).toContain('{"n":1}');
    });

    test("as events, its heartbeats have a name, a position and data", async () => {
      const text = await readUntil(`${path}heartbeat=event`, /(?:event:position[^]*){2}\n\n$/);
      const events = eventsOfHttpxSse(text);
      expect(events.length).toBeGreaterThanOrEqual(2);
      for (const { event, data, id } of events.slice(-2)) {
        expect([event, data]).toEqual(["position", "{}"]);
        expect(id).toMatch(new RegExp(`^${at}$`));
      }
    });

    test("by default they are a bare id, as the standard has it", async () => {
      const text = await readUntil(path, new RegExp(`\\n:\\nid:${at}\\n\\n$`));
      expect(text).toMatch(new RegExp(`^:sluice\\nretry:1000\\nid:${at}\\n\\n:\\nid:${at}\\n\\n$`));
    });
  },
);

test("another kind of heartbeat is refused", async () => {
  const { status, json } = await ask("GET", `${gateway.url}/log/sse/quiet?heartbeat=none`);
  expect(status).toBe(400);
  expect(json.errors[0].field).toBe("heartbeat");
});
