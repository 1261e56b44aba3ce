import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { eventually } from "../../../../test/support/eventually.ts";
import { protocols, rpcAccessRig, TestGuard } from "../../../../test/support/rpc-access-rig.ts";
import { Failure } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { CollectorService } from "../../../gen/sluice/v1/collector_pb.ts";
import { ConsumerService } from "../../../gen/sluice/v1/consumer_pb.ts";

const guard = new TestGuard();
let rig: Awaited<ReturnType<typeof rpcAccessRig>>;

beforeAll(async () => {
  rig = await rpcAccessRig(guard, ["orders", "other"]);
  guard.add("writer", "append topic:orders");
  guard.add("reader", "read topic:orders");
});
afterAll(async () => await rig[Symbol.asyncDispose]());

const options = (key?: string) =>
  key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
const records = [{ value: new TextEncoder().encode("1") }];

/** The status of a refusal, or `OK`. */
async function outcome(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "OK";
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return `${Code[code]}: ${rawMessage}`;
  }
}

function reasonOf(error: unknown): { reason?: string | undefined; position?: string | undefined } {
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  return { reason: info?.reason, position: info?.metadata.position };
}

async function* once<Message>(message: Message): AsyncGenerator<Message> {
  yield message;
}

async function first<Message>(messages: AsyncIterable<Message>): Promise<Message | undefined> {
  for await (const message of messages) return message;
  return undefined;
}

const calls: Readonly<
  Record<string, (transport: Transport, topic: string, key?: string) => Promise<unknown>>
> = {
  Publish: (transport, topic, key) =>
    createClient(CollectorService, transport).publish({ topic, records }, options(key)),
  Collect: (transport, topic, key) =>
    createClient(CollectorService, transport).collect(once({ topic, records }), options(key)),
  Ingest: (transport, topic, key) =>
    first(createClient(CollectorService, transport).ingest(once({ topic, records }), options(key))),
  Subscribe: (transport, topic, key) =>
    first(createClient(ConsumerService, transport).subscribe({ topic }, options(key))),
};

describe.each(Object.entries(protocols))("%s", (_, transportTo) => {
  const transport = () => transportTo(rig.baseUrl);

  test.each(Object.entries(calls))("%s asks for its grant", async (method, call) => {
    const right = method === "Subscribe" ? "reader" : "writer";
    const narrow = method === "Subscribe" ? "writer" : "reader";
    const action = method === "Subscribe" ? "read" : "append";
    const grant = `the grant "${action} topic:orders"`;
    expect(await outcome(() => call(transport(), "orders", right))).toBe("OK");
    expect(await outcome(() => call(transport(), "orders", narrow))).toBe(
      `PermissionDenied: ${narrow} lacks ${grant}`,
    );
    expect(await outcome(() => call(transport(), "orders", "wrong"))).toBe(
      "Unauthenticated: Cannot use the credential: it is not known",
    );
    expect(await outcome(() => call(transport(), "orders"))).toStartWith(
      `Unauthenticated: A credential with the grant "${action} topic:`,
    );
    // What may not be told from a topic that does not exist.
    const missing = await outcome(() => call(transport(), "missing", right));
    expect(missing).toBe(`PermissionDenied: ${right} lacks the grant "${action} topic:missing"`);
    expect(await outcome(() => call(transport(), "other", right))).toBe(
      missing.replace("missing", "other"),
    );
  });

  test("a refusal has the usual details", async () => {
    const refused = await createClient(CollectorService, transport())
      .publish({ topic: "orders", records }, options("wrong"))
      .catch(reasonOf);
    expect(refused).toEqual({ reason: "UNAUTHENTICATED", position: undefined });
  });

  test("a method that declares nothing is served to nobody", async () => {
    const health = createClient(Health, transport());
    expect(await outcome(() => health.check({}, options("writer")))).toBe(
      "PermissionDenied: Cannot call /grpc.health.v1.Health/Check: it does not declare what it needs",
    );
  });

  test("a caller who is not known at once loses nothing of what it sent meanwhile", async () => {
    const found = Promise.withResolvers<void>();
    guard.delay = found.promise;
    guard.add("stranger", "append topic:orders");
    const client = createClient(CollectorService, transport());
    const many = async function* () {
      for (let i = 0; i < 50; i++) yield { topic: "orders", records };
      // The whole call has been sent before its caller is known.
      setTimeout(found.resolve, 20);
    };
    const { accepted } = await client.collect(many(), options("stranger"));
    expect(accepted).toBe(50n);
    guard.delay = undefined;
  });

  test("a stream that turns to a topic it may not append to ends there", async () => {
    const before = (await rig.log.bounds("orders")).end.sequence;
    const client = createClient(CollectorService, transport());
    const turning = async function* () {
      yield { topic: "orders", records };
      yield { topic: "other", records };
      yield { topic: "orders", records };
    };
    expect(await outcome(() => client.collect(turning(), options("writer")))).toBe(
      'PermissionDenied: writer lacks the grant "append topic:other"',
    );
    await eventually(async () => {
      const { end } = await rig.log.bounds("orders");
      expect(end.sequence - before).toBe(1);
    });
  });

  test("a stream of records ends with its credential, and says what is durable", async () => {
    const caller = guard.add("revoked", "append topic:orders");
    const client = createClient(CollectorService, transport());
    const sent = Promise.withResolvers<void>();
    const open = Promise.withResolvers<void>();
    const endless = async function* () {
      yield { topic: "orders", records };
      sent.resolve();
      await open.promise;
    };
    const before = (await rig.log.bounds("orders")).end.sequence;
    const collected = client.collect(endless(), options("revoked")).catch(reasonOf);
    await sent.promise;
    await eventually(async () => {
      expect((await rig.log.bounds("orders")).end.sequence).toBe(before + 1);
    });
    const endedMs = performance.now();
    caller.end(new Failure("unauthenticated", "The key was revoked"));
    const { end } = await rig.log.bounds("orders");
    expect(await collected).toEqual({
      reason: "UNAUTHENTICATED",
      position: renderPosition(end),
    });
    expect(performance.now() - endedMs).toBeLessThan(1000);
    open.resolve();
  });

  test("Ingest answers once more before it ends with its credential", async () => {
    const caller = guard.add("ingesting", "append topic:orders");
    const client = createClient(CollectorService, transport());
    const open = Promise.withResolvers<void>();
    const endless = async function* () {
      yield { topic: "orders", records };
      await open.promise;
    };
    const before = (await rig.log.bounds("orders")).end.sequence;
    let accepted = 0n;
    const read = async () => {
      for await (const answer of client.ingest(endless(), options("ingesting"))) {
        ({ accepted } = answer);
      }
    };
    const ended = read().catch(reasonOf);
    await eventually(async () => {
      expect((await rig.log.bounds("orders")).end.sequence).toBe(before + 1);
    });
    caller.end(new Failure("unauthenticated", "The key was revoked"));
    const { end } = await rig.log.bounds("orders");
    expect(await ended).toEqual({ reason: "UNAUTHENTICATED", position: renderPosition(end) });
    expect(accepted).toBe(1n);
    open.resolve();
  });

  test("a subscription ends with its credential, at its last position", async () => {
    const caller = guard.add("expiring", "read topic:orders");
    const client = createClient(ConsumerService, transport());
    let position = "";
    let endedMs = 0;
    const read = async () => {
      for await (const response of client.subscribe({ topic: "orders" }, options("expiring"))) {
        position = response.position;
        endedMs = performance.now();
        caller.end(new Failure("unauthenticated", "The token has expired"));
      }
    };
    const end = await read().catch(reasonOf);
    expect(end).toEqual({ reason: "UNAUTHENTICATED", position });
    expect(performance.now() - endedMs).toBeLessThan(1000);
  });
});
