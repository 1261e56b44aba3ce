import { describe, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { openNode } from "../support/nats-node.ts";
import { type NatsServer, natsSkipReason, startNats } from "../support/nats.ts";
import { logContract } from "./log.ts";

const reason = natsSkipReason();

if (reason === undefined) {
  let server: Promise<NatsServer> | undefined;
  let url = "";
  const started = () => (server ??= startNats());
  logContract("jetstream", {
    async open() {
      url = (await started()).url;
      return openNode(url);
    },
    broker: {
      kill9: async () => (await started()).kill9(),
      start: async () => (await started()).start(),
    },
    gateway: {
      module: fileURLToPath(new URL("../support/nats-node.ts", import.meta.url)),
      config: () => url,
    },
    cleanup: async () => (await server)?.stop(),
  });
} else {
  describe("log contract: jetstream", () => test.skip(reason, () => {}));
}
