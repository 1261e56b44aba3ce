/** Public clients with and without a key: grpcurl, grpc-go, connect-web in a browser. */

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Browser } from "playwright-core";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { bundleForBrowsers } from "../../../src/runtime/bun.ts";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { grpcurl, runTool, type Tool, toolTest } from "../../support/tools.ts";
import { adminKey, createKey } from "./keys.ts";

const loader: Tool = { name: "sluice-collect-loader", variable: "SLUICE_TEST_COLLECT_LOADER" };
const goConsumer: Tool = { name: "go-consumer", variable: "SLUICE_TEST_GO_CONSUMER" };

let gateway: GatewayProcess;
let site: Bun.Server<undefined>;
let browser: Browser | undefined;
let script: string;
let grpcAddress: string;
let key: string;

beforeAll(async () => {
  site = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  });
  const env = { SLUICE_ADMIN_KEY: adminKey, SLUICE_ORIGINS: site.url.origin };
  const page = new URL("rpc-key-page.ts", import.meta.url).pathname;
  [gateway, browser, script] = await Promise.all([
    startGateway({ env }),
    launchBrowser(),
    bundleForBrowsers(page, "page").then(({ entry, files }) =>
      new TextDecoder().decode(files.get(entry)),
    ),
  ]);
  grpcAddress = new URL(gateway.grpcUrl).host;
  key = await createKey(gateway, {
    grants: ["append topic:orders", "read topic:orders", "read topic:pages", "read subject:*"],
  });
  const collector = createClient(
    CollectorService,
    createGrpcTransport({ baseUrl: gateway.grpcUrl }),
  );
  const records = [{ value: new TextEncoder().encode(`{"n":1}`) }];
  const headers = { authorization: `Bearer ${adminKey}` };
  for (const topic of ["orders", "pages"]) await collector.publish({ topic, records }, { headers });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await Promise.all([gateway.stop(), site.stop(true)]);
}, 30_000);

describe("grpcurl", () => {
  const publish = `{"topic":"orders","records":[{"value":"eyJuIjoyfQ=="}]}`;
  const method = "sluice.v1.CollectorService/Publish";

  toolTest(grpcurl, "lists and describes without a key, and is refused the rest", async (path) => {
    const listed = await runTool([path, "-plaintext", grpcAddress, "list"]);
    expect(listed.output).toContain("sluice.v1.CollectorService");
    const { code, errors } = await runTool([
      ...[path, "-plaintext", "-d", publish, grpcAddress, method],
    ]);
    expect(code).not.toBe(0);
    expect(errors).toContain("Code: Unauthenticated");
    expect(errors).toContain(`A credential with the grant "append topic:*" is needed`);
    expect(errors).toMatch(/"reason": *"UNAUTHENTICATED"/);
  });

  toolTest(grpcurl, "publishes with a key, as Bearer and as Basic", async (path) => {
    for (const value of [`Bearer ${key}`, `Basic ${btoa(`any:${key}`)}`]) {
      const { output, errors } = await runTool([
        ...[path, "-plaintext", "-H", `authorization: ${value}`, "-d", publish],
        ...[grpcAddress, method],
      ]);
      expect(errors).toBe("");
      expect(output).toMatch(/"accepted": *"1"/);
    }
  });

  toolTest(grpcurl, "shows which right a key lacks", async (path) => {
    const { errors } = await runTool([
      ...[path, "-plaintext", "-H", `authorization: Bearer ${key}`],
      ...["-d", publish.replace("orders", "secret"), grpcAddress, method],
    ]);
    expect(errors).toContain("Code: PermissionDenied");
    expect(errors).toContain(`lacks the grant "append topic:secret"`);
  });
});

describe("grpc-go", () => {
  const env = (given: string) => ["env", `SLUICE_KEY=${given}`];

  toolTest(loader, "streams records with a key", async (path) => {
    const args = ["-topic", "orders", "-connections", "4", "-records", "1000"];
    const sent = await runTool([...env(key), path, "-address", grpcAddress, ...args]);
    expect(sent.errors).toBe("");
    expect(sent.output).toContain(`"accepted":1000`);
    const refused = await runTool([...env(""), path, "-address", grpcAddress, ...args]);
    expect(refused.code).not.toBe(0);
    expect(refused.errors).toContain("code = Unauthenticated");
  });

  toolTest(goConsumer, "subscribes with a key", async (path) => {
    const args = ["-grpc", grpcAddress, "-topic", "orders", "-from", "earliest", "-limit", "1"];
    const refused = await runTool([...env(""), path, ...args]);
    expect(refused.errors).toContain("code = Unauthenticated");
    // It gets the records, and there is no schema for them.
    const read = await runTool([...env(key), path, ...args]);
    expect(read.errors).toContain("There is no schema with id 0");
  });
});

describe("connect-web in a browser", () => {
  for (const protocol of ["connect", "grpc-web"] as const) {
    pageTest(`reads with a key and is refused without, ${protocol}`, async () => {
      const { page } = await openPage(browser, site.url.origin);
      await page.goto(site.url.origin);
      await page.addScriptTag({ type: "module", content: script });
      // A module script runs some time after it was added.
      await page.waitForFunction(() => globalThis.readWithKeyInPage !== undefined);
      const read = (given: string | null) =>
        page.evaluate(
          async ([baseUrl, by, withKey]) =>
            (await globalThis.readWithKeyInPage?.(baseUrl, by, "pages", withKey)) ?? "no script",
          [gateway.url, protocol, given] as const,
        );
      expect(await read(key)).toBe(`{"n":1}`);
      expect(await read(null)).toBe("Unauthenticated");
      expect(await read("wrong")).toBe("Unauthenticated");
    });
  }
});
