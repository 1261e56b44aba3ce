/** Who calls, by what the connection shows and by what trusted proxies say about it. */

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { Authority, type PemPair, replacePair } from "../../support/certificates.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { socketsOf } from "../../support/process-sockets.ts";
import { openSse } from "../../support/sse-socket.ts";
import { runTool } from "../../support/tools.ts";
import { until, within } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();
const authority = new Authority("Mesh root");
const stranger = new Authority("Another root");
const server = authority.issue({ name: "gateway" });
const orders = authority.issue({ name: "orders", names: "URI:spiffe://prod/orders" });
const forged = stranger.issue({ name: "orders", names: "URI:spiffe://prod/orders" });
const nobody = authority.issue({ name: "nobody", names: "URI:spiffe://prod/nobody" });

const ca = readFileSync(authority.ca, "utf8");
const grants = {
  SLUICE_CERTIFICATE_GRANTS: "URI:spiffe://prod/orders = append topic:orders.*",
};
const mutual = {
  ...{ SLUICE_TLS_CERT: server.cert, SLUICE_TLS_KEY: server.key },
  ...{ SLUICE_TLS_CLIENT_CA: authority.ca, ...grants },
};

/** The status of a `Publish` over gRPC, with a certificate or without. */
async function publish(
  { grpcUrl }: GatewayProcess,
  topic: string,
  pair?: PemPair,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const shown = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
  const transport = createGrpcTransport({ baseUrl: grpcUrl, nodeOptions: { ca, ...shown } });
  try {
    const records = [{ value: Buffer.from("1") }];
    await createClient(CollectorService, transport).publish({ topic, records }, { headers });
    return "stored";
  } catch (error) {
    return Code[ConnectError.from(error).code] ?? "none";
  }
}

describe("client certificates", () => {
  test(
    "are principals, if the client CA vouches for them",
    async () => {
      const gateway = await start({ env: mutual });
      expect(await publish(gateway, "orders.eu", orders)).toBe("stored");
      expect(await publish(gateway, "prices", orders)).toBe("PermissionDenied");
      expect(await publish(gateway, "orders.eu")).toBe("Unauthenticated");
      // It is known, and may do nothing.
      expect(await publish(gateway, "orders.eu", nobody)).toBe("PermissionDenied");
      expect(await publish(gateway, "orders.eu", forged)).toBe("Unauthenticated");
      const claimed = { "client-cert": encoded(orders) };
      expect(await publish(gateway, "orders.eu", undefined, claimed)).toBe("Unauthenticated");
    },
    timeoutMs,
  );

  test(
    "are principals on the HTTP port, over both versions, SSE and WebSocket",
    async () => {
      const reads = "URI:spiffe://prod/orders = append topic:orders.*, read topic:orders.*";
      const pair = authority.issue({ name: "http" });
      const gateway = await start({
        env: {
          ...{ ...mutual, SLUICE_CERTIFICATE_GRANTS: reads },
          ...{ SLUICE_TLS_CERT: pair.cert, SLUICE_TLS_KEY: pair.key },
        },
      });
      const { url } = gateway;
      const curl = async (address: string, client: PemPair | undefined, ...args: string[]) => {
        const shown = client === undefined ? [] : ["--cert", client.cert, "--key", client.key];
        const { output } = await runTool([
          ...["curl", "-sS", "--cacert", authority.ca, "-w", " %{http_version} %{http_code}"],
          ...[...shown, ...args, `${url}${address}`],
        ]);
        return output;
      };
      const records = "/v1/topics/orders.eu/records";
      for (const [flag, version] of [
        ["--http1.1", "1.1"],
        ["--http2", "2"],
      ] as const) {
        const post = ["-d", `{"n":1}`, flag];
        expect(await curl(records, orders, ...post)).toEndWith(` ${version} 200`);
        const other = await curl("/v1/topics/prices/records", orders, ...post);
        expect(other).toEndWith(` ${version} 403`);
        expect(await curl(records, undefined, ...post)).toEndWith(` ${version} 401`);
        expect(await curl(records, forged, ...post)).toEndWith(` ${version} 401`);
        expect(await curl("/v1/me", orders, flag)).toContain("URI:spiffe://prod/orders");
      }
      const big = authority.path("big.json");
      writeFileSync(big, JSON.stringify({ text: "x".repeat(900_000) }));
      expect(await curl(records, orders, "-d", `@${big}`)).toEndWith(" 2 200");
      const page = await curl(`${records}?limit=10`, orders);
      expect(page.length).toBeGreaterThan(900_000);

      const { cert, key } = orders;
      const tls = { ca, cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
      const stream = await openSse(`${url}/v1/topics/orders.eu/sse?after=earliest`, tls);
      expect((await stream.take(3)).map(({ data }) => data.length)).toEqual([7, 7, 900_011]);
      const socket: WebSocket = Reflect.construct(WebSocket, [`${gateway.wsUrl}/v1/ws`, { tls }]);
      const said = new Promise((resolve, reject) => {
        socket.addEventListener("message", ({ data }) => resolve(JSON.parse(String(data))));
        socket.addEventListener("error", reject);
      });
      socket.addEventListener("open", () =>
        socket.send(JSON.stringify({ op: "subscribe", topic: "orders.eu" })),
      );
      expect(await within("an answer", 5000, said)).toMatchObject({ op: "subscribed" });
      socket.close();

      // The files change, and nothing that is open ends.
      replacePair(pair, authority.issue({ name: "renewed" }));
      await until("the new certificate", 10_000, () =>
        gateway.log().includes("get the new certificate"),
      );
      expect(await curl(records, orders, "-d", `{"n":2}`)).toEndWith(" 2 200");
      expect((await stream.take(1)).map(({ data }) => data)).toEqual([`{"n":2}`]);
      const { output } = await runTool(["openssl", "s_client", "-connect", new URL(url).host]);
      expect(output).toContain("CN = renewed");
      stream.close();

      // The port behind it serves nobody else.
      const own = [url, gateway.grpcUrl].map((one) => Number(new URL(one).port));
      const inner = socketsOf(gateway.pid)
        .filter(({ isListening, port }) => isListening && !own.includes(port))
        .map(({ port }) => port);
      expect(inner).toHaveLength(1);
      const direct = await fetch(`http://127.0.0.1:${inner[0]}/livez`);
      expect(direct.status).toBe(403);
    },
    timeoutMs,
  );

  test(
    "are demanded of every connection, if they are required",
    async () => {
      const gateway = await start({ env: { ...mutual, SLUICE_TLS_CLIENT_REQUIRED: "1" } });
      expect(await publish(gateway, "orders.eu", orders)).toBe("stored");
      expect(await publish(gateway, "orders.eu")).not.toBe("stored");
      for (const url of [gateway.url, gateway.grpcUrl]) {
        expect([url, await livesWith(url)]).toEqual([url, false]);
        expect([url, await livesWith(url, forged)]).toEqual([url, false]);
        expect([url, await livesWith(url, orders)]).toEqual([url, true]);
      }
    },
    timeoutMs,
  );
});

/** Whether a connection outlives its handshake, which TLS 1.3 ends before the server has looked. */
function livesWith(url: string, pair?: PemPair): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const shown = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
  const socket = connect({
    host: hostname,
    port: Number(port),
    ca,
    ...shown,
    ALPNProtocols: ["h2"],
  });
  const outcome = new Promise<boolean>((resolve) => {
    // A server that takes the connection speaks first: its settings.
    socket.on("data", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    socket.on("secureConnect", () =>
      socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1"),
    );
  });
  return within("an outcome", 10_000, outcome).finally(() => socket.destroy());
}

/** As RFC 9440 has it. */
function encoded({ cert }: PemPair): string {
  const pem = readFileSync(cert, "utf8");
  return `:${pem.replaceAll(/-----[A-Z ]+-----|\s/g, "")}:`;
}

const proxied = {
  ...grants,
  ...{ SLUICE_TRUSTED_PROXIES: "127.0.0.0/8", SLUICE_CLIENT_CERT_HEADER: "Client-Cert" },
  SLUICE_HOSTS: "gateway.example",
};

type Headers = Readonly<Record<string, string>>;

function append({ url }: GatewayProcess, topic: string, headers: Headers = {}): Promise<Response> {
  return fetch(`${url}/v1/topics/${topic}/records`, { method: "POST", body: "{}", headers });
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  return (await answer).status;
}

describe("behind a trusted proxy", () => {
  test(
    "a certificate that it has verified is a principal, on both ports",
    async () => {
      const gateway = await start({ env: proxied });
      const shown = { "client-cert": encoded(orders) };
      expect(await statusOf(append(gateway, "orders.eu", shown))).toBe(200);
      expect(await statusOf(append(gateway, "prices", shown))).toBe(403);
      expect(await statusOf(append(gateway, "orders.eu"))).toBe(401);
      expect(await statusOf(append(gateway, "orders.eu", { "client-cert": "" }))).toBe(401);
      expect(await statusOf(append(gateway, "orders.eu", { "client-cert": ":bm8=:" }))).toBe(400);
      const escaped = { "client-cert": encodeURIComponent(readFileSync(orders.cert, "utf8")) };
      expect(await statusOf(append(gateway, "orders.eu", escaped))).toBe(200);
      expect(await publish(gateway, "orders.eu", undefined, shown)).toBe("stored");
      expect(await publish(gateway, "orders.eu")).toBe("Unauthenticated");
      const garbage = { "client-cert": "%" };
      expect(await publish(gateway, "orders.eu", undefined, garbage)).toBe("InvalidArgument");
    },
    timeoutMs,
  );

  test(
    "its host and scheme are those of the page, and of cookies and links",
    async () => {
      const env = { ...proxied, SLUICE_ADMIN_KEY: "admin-of-the-test-0123456789abcdef" };
      const gateway = await start({ env });
      const authorization = `Bearer ${env.SLUICE_ADMIN_KEY}`;
      const page = { authorization, origin: "https://gateway.example" };
      const through = { "x-forwarded-host": "gateway.example", "x-forwarded-proto": "https" };
      expect(await statusOf(append(gateway, "t", page))).toBe(403);
      expect(await statusOf(append(gateway, "t", { ...page, ...through }))).toBe(200);
      const evil = { ...through, "x-forwarded-host": "evil.example" };
      expect(await statusOf(append(gateway, "t", { authorization, ...evil }))).toBe(403);
      const session = await fetch(`${gateway.url}/v1/session`, {
        method: "POST",
        headers: { ...through, "content-type": "application/json" },
        body: JSON.stringify({ key: env.SLUICE_ADMIN_KEY }),
      });
      expect(session.status).toBe(200);
      expect(session.headers.get("set-cookie")).toContain("; Secure");
    },
    timeoutMs,
  );

  test(
    "limits count for each client, and not for what a client makes up",
    async () => {
      const limit = { SLUICE_CALLER_REQUESTS_PER_SECOND: "5" };
      const flood = async (gateway: GatewayProcess, chain: (n: number) => string) => {
        const statuses = await Promise.all(
          Array.from({ length: 60 }, (_, n) =>
            statusOf(
              fetch(`${gateway.url}/time`, {
                method: "OPTIONS",
                headers: { "x-forwarded-for": chain(n) },
              }),
            ),
          ),
        );
        return statuses.filter((status) => status === 429).length;
      };
      const trusting = await start({ env: { ...limit, SLUICE_TRUSTED_PROXIES: "127.0.0.1" } });
      expect(await flood(trusting, (n) => `203.0.113.${n}`)).toBe(0);
      expect(await flood(trusting, (n) => `6.6.6.${n}, 203.0.114.1`)).toBeGreaterThan(20);
      const plain = await start({ env: limit });
      expect(await flood(plain, (n) => `203.0.113.${n}`)).toBeGreaterThan(20);
    },
    timeoutMs,
  );
});

describe("from a peer that is not trusted", () => {
  test(
    "nothing of this is heeded",
    async () => {
      const env = { ...proxied, SLUICE_TRUSTED_PROXIES: "10.0.0.0/8" };
      const gateway = await start({ env });
      const shown = { "client-cert": encoded(orders), "x-forwarded-for": "10.1.1.1" };
      expect(await statusOf(append(gateway, "orders.eu", shown))).toBe(401);
      expect(await publish(gateway, "orders.eu", undefined, shown)).toBe("Unauthenticated");
      const claimed = { origin: "https://gateway.example", "x-forwarded-host": "gateway.example" };
      expect(await statusOf(append(gateway, "t", claimed))).toBe(403);
    },
    timeoutMs,
  );
});
