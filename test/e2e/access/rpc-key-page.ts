/** Script of a page that reads with a key through the public browser client; the test runs it in Chromium. */

import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { ConsumerService } from "../../../src/gen/sluice/v1/consumer_pb.ts";

/** The newest value of the topic, or the code of the refusal. */
export async function readWithKey(
  baseUrl: string,
  protocol: "connect" | "grpc-web",
  topic: string,
  key: string | null,
): Promise<string> {
  const withKey: Interceptor = (next) => (request) => {
    if (key !== null) request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };
  const create = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  const consumer = createClient(ConsumerService, create({ baseUrl, interceptors: [withKey] }));
  try {
    for await (const { records } of consumer.subscribe({
      topic,
      start: { case: "tail", value: 1 },
    })) {
      const [first] = records;
      if (first !== undefined) return new TextDecoder().decode(first.record?.value);
    }
  } catch (error) {
    return Code[ConnectError.from(error).code] ?? "?";
  }
  return "the stream ended";
}

declare global {
  var readWithKeyInPage: typeof readWithKey | undefined;
}

globalThis.readWithKeyInPage = readWithKey;
