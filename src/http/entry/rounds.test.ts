import { expect, test } from "bun:test";
import { inRounds } from "./rounds.ts";

const nextRound = () => new Promise((resolve) => setImmediate(resolve));

test("requests beyond those of a round wait for the next one, in their order", async () => {
  const handled: string[] = [];
  const fetch = inRounds((request) => {
    handled.push(request.url);
    return new Response(request.url);
  });
  const urls = Array.from({ length: 300 }, (_, n) => `http://localhost/${n}`);
  const answers = urls.map((url) => fetch(new Request(url)));
  expect(handled).toHaveLength(128);
  expect(answers[127]).toBeInstanceOf(Response);
  expect(answers[128]).toBeInstanceOf(Promise);
  await nextRound();
  expect(handled).toHaveLength(256);
  // One that comes meanwhile goes behind those that wait.
  const last = fetch(new Request("http://localhost/last"));
  const texts = await Promise.all([...answers, last].map(async (one) => (await one).text()));
  expect(texts).toEqual([...urls, "http://localhost/last"]);
  expect(handled).toEqual(texts);
});

test("a request that fails does not hold up those behind it", async () => {
  const fetch = inRounds((request) => {
    if (request.url.endsWith("/fails")) throw new Error("It fails");
    return new Response();
  });
  const urls = Array.from({ length: 128 }, () => "http://localhost/");
  for (const url of urls) void fetch(new Request(url));
  const failed = fetch(new Request("http://localhost/fails"));
  const behind = fetch(new Request("http://localhost/"));
  expect(await Promise.resolve(failed).catch(String)).toBe("Error: It fails");
  expect((await behind).status).toBe(200);
});

test("a request whose client has left while it waited is not handled", async () => {
  let handled = 0;
  const fetch = inRounds(() => {
    handled++;
    return new Response();
  });
  for (let n = 0; n < 128; n++) void fetch(new Request("http://localhost/"));
  const left = new AbortController();
  const answer = fetch(new Request("http://localhost/", { signal: left.signal }));
  const behind = fetch(new Request("http://localhost/"));
  left.abort();
  expect((await answer).status).toBe(499);
  expect((await behind).status).toBe(200);
  expect(handled).toBe(129);
});
