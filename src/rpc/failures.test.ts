import { expect, test } from "bun:test";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { Failure } from "../core/failure.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { failureInterceptor } from "./failures.ts";

interface Handlers {
  readonly check?: (signal: AbortSignal) => Promise<object>;
  readonly watch?: (signal: AbortSignal) => AsyncGenerator<object>;
}

function rig(handlers: Handlers) {
  const lines: string[] = [];
  const stopping = new AbortController();
  const logger = (_level: string, message: string, fields?: object) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const transport = createRouterTransport(
    ({ service }) => {
      service(Health, {
        check: (_request, { signal }) => handlers.check?.(signal) ?? Promise.resolve({}),
        watch: (_request, { signal }) => handlers.watch?.(signal) ?? none(),
      });
    },
    { router: { interceptors: [failureInterceptor(logger, stopping.signal)] } },
  );
  return { client: createClient(Health, transport), lines, stopping };
}

async function* none(): AsyncGenerator<object> {}

const never = () => new Promise<never>(() => {});

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "ok",
    (error: unknown) =>
      `${Code[ConnectError.from(error).code]}: ${ConnectError.from(error).rawMessage}`,
  );
}

async function all(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

test("a failure is a status, and no line in the log", async () => {
  const { client, lines } = rig({
    check: () => Promise.reject(new Failure("ended", "It has ended")),
    async *watch() {
      yield {};
      throw new Failure("position_gone", "Trimmed");
    },
  });
  expect(await codeOf(client.check({}))).toBe("FailedPrecondition: It has ended");
  expect(await codeOf(all(client.watch({})))).toBe("OutOfRange: Trimmed");
  expect(lines).toEqual([]);
});

test("anything else is `internal`: the log has the cause, the caller has not", async () => {
  const { client, lines } = rig({ check: () => Promise.reject(new TypeError("hunter2")) });
  const message = await codeOf(client.check({}));
  expect(message).toStartWith("Internal: ");
  expect(message).not.toContain("hunter2");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("hunter2");
  expect(lines[0]).toContain('"method":"Check"');
});

test("its answer and its line have the same request id: the one that was sent, or a new one", async () => {
  const { client, lines } = rig({ check: () => Promise.reject(new TypeError("hunter2")) });
  const idOf = (given: string) =>
    client.check({}, { headers: { "x-request-id": given } }).then(
      () => undefined,
      (error: unknown) => ConnectError.from(error).metadata.get("x-request-id"),
    );
  expect(await idOf("mine")).toBe("mine");
  const made = await idOf("not an id");
  expect(made ?? "").toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  expect(lines.map((line) => /"request_id":"([^"]+)"/.exec(line)?.[1])).toEqual([
    "mine",
    made ?? "",
  ]);
});

test("a deadline does not wait for a handler that does not look", async () => {
  const ended = Promise.withResolvers<boolean>();
  const { client, lines } = rig({
    check: never,
    async *watch() {
      try {
        yield {};
        await Bun.sleep(200);
        yield {};
      } finally {
        ended.resolve(true);
      }
    },
  });
  expect(await codeOf(client.check({}, { timeoutMs: 50 }))).toStartWith("DeadlineExceeded");
  expect(await codeOf(all(client.watch({}, { timeoutMs: 50 })))).toStartWith("DeadlineExceeded");
  expect(await ended.promise).toBe(true);
  expect(lines).toEqual([]);
});

test("a node that drains ends what it streams, and finishes what has one answer", async () => {
  const { client, stopping } = rig({
    async check() {
      await Bun.sleep(100);
      return {};
    },
    async *watch() {
      yield {};
      await never();
    },
  });
  const check = codeOf(client.check({}));
  const watch = codeOf(all(client.watch({})));
  await Bun.sleep(20);
  stopping.abort(new Failure("shutting_down", "This node shuts down"));
  expect(await watch).toBe("Unavailable: This node shuts down");
  expect(await check).toBe("ok");
});
