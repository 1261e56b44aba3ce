import { expect, test } from "bun:test";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Gateway } from "../../src/cli/gateway/gateway.ts";
import { readBack } from "./read-back.ts";

test("a write that is under way in the end is waited for, and counted", async () => {
  const over = new AbortController();
  const saved: string[] = [];
  const save = async (request: IncomingMessage, response: ServerResponse) => {
    const [, values = ""] = /"values":(\[\d+\])/.exec(await text(request)) ?? [];
    saved.push(values);
    over.abort();
    // It is stored by now, and its answer is not sent yet.
    setTimeout(() => response.end(`{"accepted":1,"refused":[]}`), 50);
  };
  const server = createServer((request, response) => {
    if (request.method === "POST") void save(request, response);
    else response.end(`{"samples":[{"time":1,"values":${saved.at(-1)}}]}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const result = await readBack(new Gateway(`http://127.0.0.1:${port}`), "t", over.signal);
  server.close();
  expect(result).toMatchObject({ written: 1, atOnce: 1, failed: 0 });
  expect(saved).toEqual(["[0]"]);
});
