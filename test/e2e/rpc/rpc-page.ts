/** Script of a page that uses the public browser client; the test runs it in Chromium. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { Health } from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { ConsumerService } from "../../../src/gen/sluice/v1/consumer_pb.ts";

export interface PageResult {
  readonly serving: boolean;
  readonly values: readonly string[];
  /** Code and reason of a subscription to a topic that does not exist. */
  readonly refused: readonly (string | undefined)[];
}

/** Reads `count` values from the oldest on, then unsubscribes. */
export async function readTopic(
  baseUrl: string,
  protocol: "connect" | "grpc-web",
  topic: string,
  count: number,
): Promise<PageResult> {
  const create = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  const transport = create({ baseUrl });
  const { status } = await createClient(Health, transport).check({});
  const consumer = createClient(ConsumerService, transport);
  const values: string[] = [];
  const start = { case: "earliest", value: true } as const;
  for await (const { records } of consumer.subscribe({ topic, start })) {
    values.push(...records.map(({ record }) => new TextDecoder().decode(record?.value)));
    if (values.length >= count) break;
  }
  let refused: readonly (string | undefined)[] = [];
  try {
    for await (const _ of consumer.subscribe({ topic: "nobody" }));
  } catch (error) {
    const failure = ConnectError.from(error);
    refused = [Code[failure.code], failure.findDetails(ErrorInfoSchema)[0]?.reason];
  }
  return { serving: status === 1, values, refused };
}

declare global {
  var readTopicInPage: typeof readTopic | undefined;
}

globalThis.readTopicInPage = readTopic;
