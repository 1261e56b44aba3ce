/** The bundle of the client on Node, from version 20 on, the oldest supported one. */

import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { node, runTool, toolTest } from "../../support/tools.ts";

const entrypoint = fileURLToPath(new URL("../../../src/client/index.ts", import.meta.url));

let gateway: GatewayProcess;
let folder: string;

beforeAll(async () => {
  gateway = await startGateway();
  folder = await mkdtemp(join(tmpdir(), "sluice-client-"));
  const built = await Bun.build({ entrypoints: [entrypoint], target: "browser", format: "esm" });
  await writeFile(join(folder, "client.mjs"), (await built.outputs[0]?.text()) ?? "");
}, 90_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
  await gateway.stop();
});

/** Runs a program and returns the lines that it prints. */
async function run(program: string, body: string): Promise<string[]> {
  const file = join(folder, "program.mjs");
  await writeFile(file, `import { createClient, SluiceError } from "./client.mjs";\n${body}`);
  const { code, output, errors } = await runTool([program, file, gateway.url]);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  return output.trimEnd().split("\n");
}

toolTest(node, "publishes, subscribes over SSE and reads pages", async (program) => {
  const printed = await run(
    program,
    `const client = createClient({ url: process.argv[2] });
     await client.emitters.create({ id: "node", source: "external" });
     await client.publish({ emitter: "node" }, [{ n: 1 }, { n: 9007199254740993n }]);
     const live = client.subscribe({ emitter: "node" }, { from: "earliest" });
     await live.ready();
     await client.emitters.end("node");
     for await (const { text } of live) console.log(text);
     for await (const { events } of client.emitters.pages("node")) console.log(events.length);
     console.log(live.ended);`,
  );
  expect(printed).toEqual(['{"n":1}', '{"n":9007199254740993}', "2", "true"]);
});

toolTest(node, "a socket works, or the error says that there is no WebSocket", async (program) => {
  const [hasWebSocket, ...printed] = await run(
    program,
    `console.log(typeof WebSocket !== "undefined");
     const client = createClient({ url: process.argv[2] });
     await client.publish({ topic: "node" }, [{ n: 1 }]);
     try {
       const socket = client.socket();
       const { accepted } = await socket.publish({ topic: "node" }, [{ n: 2 }]);
       console.log(accepted);
       socket.close();
     } catch (error) {
       console.log(error instanceof SluiceError, error.code, error.message);
     }`,
  );
  const without = "Cannot open a socket: there is no WebSocket here, expected one from openSocket";
  expect(printed).toEqual(hasWebSocket === "true" ? ["1"] : [`true invalid ${without}`]);
});
