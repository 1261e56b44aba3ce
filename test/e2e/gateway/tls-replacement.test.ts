/**
 * Certificates that are replaced while streams are open. `SLUICE_TEST_TLS_STREAMS=1000 bun test
 * test/e2e/gateway/tls-replacement.test.ts` is the figure of docs/tls.md; the default is quick enough for CI.
 */

import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ConsumerService } from "../../../src/gen/sluice/v1/consumer_pb.ts";
import { Authority, replacePair } from "../../support/certificates.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { openSse } from "../../support/sse-socket.ts";
import { until, within } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();
const streams = Number(process.env["SLUICE_TEST_TLS_STREAMS"] ?? 100);
const replacements = 3;

const authority = new Authority();
const ca = readFileSync(authority.ca, "utf8");

/** A reader, however it is connected: the numbers that it got, and whether it has ended. */
interface Reader {
  readonly seen: number[];
  hasEnded: boolean;
  close(): void;
}

test(
  `none of ${streams} streams ends when the certificate is replaced ${replacements} times`,
  async () => {
    const pair = authority.issue({ name: "certificate 0" });
    const gateway = await start({
      env: { SLUICE_TLS_CERT: pair.cert, SLUICE_TLS_KEY: pair.key },
    });
    const fetched = { tls: { ca } } as RequestInit;
    const append = async (n: number) => {
      const url = `${gateway.url}/v1/topics/orders/records`;
      const { status } = await fetch(url, {
        ...fetched,
        method: "POST",
        body: JSON.stringify({ n }),
      });
      expect(status).toBe(200);
    };
    await append(0);
    const readers: Reader[] = [];
    for (let i = 0; i < streams; i++) {
      // Of ten readers six use SSE, three gRPC and one a WebSocket, each with its own connection.
      const kind = i % 10;
      if (kind < 6) readers.push(await openSseReader(gateway));
      else if (kind < 9) readers.push(openGrpcReader(gateway));
      else readers.push(await openSocketReader(gateway));
    }
    const haveAll = (last: number) => () => readers.every(({ seen }) => seen.at(-1) === last);
    await until("all readers have the first record", 60_000, haveAll(0));

    for (let n = 1; n <= replacements; n++) {
      replacePair(pair, authority.issue({ name: `certificate ${n}` }));
      for (const url of [gateway.url, gateway.grpcUrl]) {
        await until(`${url} shows certificate ${n}`, 10_000, async () => {
          return (await servedSubject(url)) === `certificate ${n}`;
        });
      }
      await append(n);
      await until(`all readers have record ${n}`, 60_000, haveAll(n));
      expect(readers.filter(({ hasEnded }) => hasEnded)).toHaveLength(0);
    }

    // A pair that cannot be used changes nothing.
    writeFileSync(pair.cert, "half a certifi");
    await until("the log says so", 10_000, () =>
      gateway.log().includes("the new certificate is refused; the old one goes on"),
    );
    expect(await servedSubject(gateway.url)).toBe(`certificate ${replacements}`);
    const status = await (await fetch(`${gateway.url}/status`, fetched)).json();
    expect(status.tls).toMatchObject({
      subject: `CN=certificate ${replacements}`,
      changes: replacements,
      problem: expect.stringContaining("it has no certificate"),
    });
    await append(replacements + 1);
    await until("all readers have the last record", 60_000, haveAll(replacements + 1));

    const everything = Array.from({ length: replacements + 2 }, (_, n) => n);
    for (const { seen, hasEnded } of readers) {
      expect({ seen, hasEnded }).toEqual({ seen: everything, hasEnded: false });
    }
    for (const reader of readers) reader.close();
  },
  timeoutMs,
);

/**
 * Common name of the certificate that a new connection gets; undefined for one that was opened at the
 * moment in which another listener took the place of the former one (docs/tls.md).
 */
function servedSubject(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: hostname, port: Number(port), ca, ALPNProtocols: ["h2"] },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (/^ECONN(RESET|REFUSED)$/.test(error.code ?? "")) resolve(undefined);
      else reject(error);
    });
  });
}

const path = "/v1/topics/orders";

async function openSseReader({ url }: GatewayProcess): Promise<Reader> {
  const seen: number[] = [];
  const stream = await openSse(`${url}${path}/sse?after=earliest`, {
    ca,
    onEvent: ({ data }) => seen.push(JSON.parse(data).n),
  });
  const reader = { seen, hasEnded: false, close: () => stream.close() };
  void stream.ended.then(() => (reader.hasEnded = true));
  return reader;
}

function openGrpcReader({ grpcUrl }: GatewayProcess): Reader {
  const seen: number[] = [];
  const stop = new AbortController();
  const reader = { seen, hasEnded: false, close: () => stop.abort() };
  const transport = createGrpcTransport({ baseUrl: grpcUrl, nodeOptions: { ca } });
  const read = async () => {
    const request = { topic: "orders", start: { case: "earliest", value: true } } as const;
    const { signal } = stop;
    for await (const { records } of createClient(ConsumerService, transport).subscribe(request, {
      signal,
    })) {
      for (const { record } of records) {
        seen.push(JSON.parse(Buffer.from(record?.value ?? []).toString()).n);
      }
    }
  };
  void read()
    .catch(() => {})
    .finally(() => (reader.hasEnded = true));
  return reader;
}

async function openSocketReader({ wsUrl }: GatewayProcess): Promise<Reader> {
  const seen: number[] = [];
  const socket = new WebSocket(`${wsUrl}/v1/ws`, { tls: { ca } } as unknown as string[]);
  const reader = { seen, hasEnded: false, close: () => socket.close() };
  socket.addEventListener("close", () => (reader.hasEnded = true));
  socket.addEventListener("message", ({ data }) => {
    const { op, events } = JSON.parse(String(data));
    if (op === "events") for (const event of events) seen.push(event.data.n);
  });
  await within(
    "a socket",
    10_000,
    new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    }),
  );
  socket.send(JSON.stringify({ op: "subscribe", topic: "orders", after: "earliest" }));
  return reader;
}
