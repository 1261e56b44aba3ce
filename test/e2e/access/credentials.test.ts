// Every address, method and message of a closed gateway, over each protocol: a call without a credential,
// with a wrong, an expired or a too narrow one is refused, and with the right one it is not. The calls are
// made of the gateway's own tables and their examples.

import { afterAll, describe, expect, test } from "bun:test";
import type { DescMethod } from "@bufbuild/protobuf";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Access } from "../../../src/core/access/need.ts";
import { accessTables } from "../../support/access-tables.ts";
import { startGateway } from "../../support/gateway.ts";
import { withParts } from "../../support/parts.ts";
import { until } from "../../support/until.ts";
import { ways } from "../rpc/rpc.ts";
import { Http2Way, httpCall, sendHttp1 } from "./http-calls.ts";
import { adminKey, createKey, grantsFor, Keys } from "./keys.ts";
import { callRpc, rpcCall } from "./rpc-calls.ts";
import { answerOnSocket } from "./socket-calls.ts";

const { endpoints, methods, access } = await withParts(accessTables);

const gateway = await startGateway({
  env: {
    SLUICE_ADMIN_KEY: adminKey,
    SLUICE_RELATIONS: "data-samples/relations.json",
    SLUICE_DEMO: "1",
  },
});
afterAll(() => gateway.stop(), 30_000);

const keys = new Keys(gateway);
const expired = await expiredKey();
const wrong = `${(await createKey(gateway, { grants: ["read *"] })).slice(0, -4)}AAAA`;

async function expiredKey(): Promise<string> {
  const key = await createKey(gateway, {
    grants: ["read *", "append *", "manage *"],
    expiresMs: 1000,
  });
  await until("the key expires", 10_000, async () => {
    const { status } = await fetch(`${gateway.url}/v1/topics`, {
      headers: { authorization: `Bearer ${key}` },
    });
    return status === 401;
  });
  return key;
}

/** What some need besides what they declare, because it depends on what is in their example. */
const besides: Readonly<Record<string, readonly string[]>> = {
  "PUT /v1/ack-rules/{name}": ["read topic:*", "append topic:*"],
  // It shows figures of the rule as it is.
  "POST /v1/ack-rules/{name}/preview": ["read rule:*", "read topic:*", "append topic:*"],
  "POST /v1/topics/{topic}/preview": ["read topic:*"],
  "POST /v1/topics/{topic}/copies": ["append topic:*"],
  "PUT /v1/copies/{copy}": ["append topic:*"],
  "POST /v1/keys": ["append topic:*"],
  // A ticket is a part of what its creator may do.
  "POST /v1/tickets": ["read *"],
};

/** Addresses that everybody may call, and that look at what is in the body before they answer. */
const looksInside: Readonly<Record<string, Readonly<Record<string, Outcome>>>> = {
  "POST /v1/tickets": { none: "unauthenticated", narrow: "forbidden" },
  // The key in its example is nobody's.
  "POST /v1/session": {
    none: "unauthenticated",
    narrow: "unauthenticated",
    right: "unauthenticated",
  },
};

/** Where other grants are enough for a part: each part has its own check. */
const partly = new Set([
  // Each message of the socket has its own check.
  "GET /v1/ws",
  // Of rules and of apps: what may be read of either is listed.
  "GET /v1/overdue",
  "GET /v1/overdue/groups",
  "GET /v1/overdue/export",
  // A job whose topic may not be read is not found, like one that does not exist.
  "GET /v1/copies/{copy}",
  "PUT /v1/copies/{copy}",
]);

/** `throttled`: this address has sent so many wrong credentials that it must slow down. */
type Outcome = "allowed" | "unauthenticated" | "forbidden" | "throttled";

function outcomes({ name, access }: Call): Readonly<Record<string, Outcome>> {
  const isPublic = access.kind === "public";
  return {
    none: isPublic ? "allowed" : "unauthenticated",
    wrong: "unauthenticated",
    expired: "unauthenticated",
    narrow: isPublic || partly.has(name) ? "allowed" : "forbidden",
    right: "allowed",
    ...looksInside[name],
  };
}

interface Call {
  readonly name: string;
  readonly access: Access;
  readonly about: string | undefined;
}

/** Sends the call with each credential. */
async function seen(
  call: Call,
  send: (key: string | undefined) => Promise<Outcome>,
): Promise<Record<string, Outcome>> {
  const grants = grantsFor(call.access, call.about);
  return {
    none: await send(undefined),
    wrong: refused(await send(wrong)),
    expired: refused(await send(expired)),
    narrow: await send(await keys.of(grants.narrow)),
    right: await send(await keys.of([...grants.right, ...(besides[call.name] ?? [])])),
  };
}

/** The gateway throttles an address only after it has found the credential wrong. */
function refused(outcome: Outcome): Outcome {
  return outcome === "throttled" ? "unauthenticated" : outcome;
}

function outcomeOfStatus(status: number): Outcome {
  if (status === 401) return "unauthenticated";
  if (status === 429) return "throttled";
  return status === 403 ? "forbidden" : "allowed";
}

function outcomeOfCode(code: string): Outcome {
  if (code === "Unauthenticated") return "unauthenticated";
  if (code === "ResourceExhausted") return "throttled";
  return code === "PermissionDenied" ? "forbidden" : "allowed";
}

describe("over HTTP", () => {
  const http2 = new Http2Way(gateway.url);
  afterAll(() => http2[Symbol.dispose]());

  for (const endpoint of endpoints) {
    const call = httpCall(endpoint);
    test(`1.1: ${call.name}`, async () => {
      const all = await seen(call, async (key) =>
        outcomeOfStatus(await sendHttp1(gateway.url, call, key)),
      );
      expect(all).toEqual(outcomes(call));
    });

    if (call.isSocket) continue;
    test(`2: ${call.name}`, async () => {
      const all = await seen(call, async (key) => outcomeOfStatus(await http2.send(call, key)));
      expect(all).toEqual(outcomes(call));
    });
  }
});

describe("a message of a socket", () => {
  const messages = endpoints.flatMap(({ path, socket }) =>
    (socket?.toServer ?? []).map((request) => ({ path, request })),
  );
  for (const { path, request } of messages) {
    const { access, example } = request;
    // Of a topic, whatever the example is about.
    const message = isObject(example)
      ? { ...example, emitter: undefined, topic: "orders" }
      : example;
    const name = `${path}: ${JSON.stringify(example)}`;
    if (access.kind === "public") continue;
    test(name, async () => {
      const { right, narrow } = grantsFor(access, "orders");
      const url = gateway.wsUrl + path;
      expect(await answerOnSocket(url, await keys.of(narrow), message)).toBe("forbidden");
      expect(await answerOnSocket(url, await keys.of(right), message)).toBe("allowed");
    });
  }

  test("there are some that need a grant", () => {
    const needing = messages.filter(({ request }) => request.access.kind === "grant");
    expect(needing.length).toBeGreaterThan(1);
  });
});

const transports = {
  ...ways,
  "gRPC with JSON on the RPC port": ({ grpcUrl }: typeof gateway) =>
    createGrpcTransport({ baseUrl: grpcUrl, useBinaryFormat: false }),
};

describe.each(Object.entries(transports))("%s", (_, transportTo) => {
  const transport = transportTo(gateway);
  for (const method of methods) {
    const call = rpcCall(method, accessOf(method));
    test(call.name, async () => {
      const all = await seen(call, async (key) =>
        outcomeOfCode(await callRpc(transport, call, key)),
      );
      expect(all).toEqual(outcomes(call));
    });
  }
});

function accessOf(method: DescMethod): Access {
  const declared = access.get(`/${method.parent.typeName}/${method.name}`);
  if (declared === undefined) throw new Error(`${method.name} does not declare its access`);
  return declared;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
