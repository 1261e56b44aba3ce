/** TLS on both listeners, as clients of every protocol see it. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { launchBrowser } from "../../support/browser.ts";
import { Authority } from "../../support/certificates.ts";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway, temporaryDataDir } from "../../support/gateway.ts";
import { openSse } from "../../support/sse-socket.ts";
import { grpcurl, runTool, toolTest } from "../../support/tools.ts";
import { within } from "../../support/until.ts";
import { timeoutMs } from "./gateways.ts";

const authority = new Authority();
const pair = authority.issue({ name: "first", rsa: true });
const ca = readFileSync(authority.ca, "utf8");

const browser = await launchBrowser();
afterAll(async () => await browser?.close());

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({
    env: { SLUICE_TLS_CERT: pair.cert, SLUICE_TLS_KEY: pair.key },
  });
}, timeoutMs);

afterAll(async () => {
  await gateway.stop();
});

const hostOf = (url: string) => new URL(url).host;
const curl = (...args: string[]) => runTool(["curl", "-sS", "--cacert", authority.ca, ...args]);

describe("a gateway with a certificate", () => {
  test("names https in its ready line and its certificate in /status", async () => {
    expect(gateway.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(gateway.grpcUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const { output } = await curl(`${gateway.url}/status`);
    expect(JSON.parse(output).tls).toEqual({
      subject: "CN=first",
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
      expires: expect.stringMatching(/^20\d\d-.*Z$/),
      changes: 0,
      problem: null,
    });
  });

  test("speaks HTTP/1.1 and HTTP/2 with curl, which verifies it", async () => {
    const versionOf = async (...args: string[]) =>
      (await curl("-o", "/dev/null", "-w", "%{http_version} %{http_code}", ...args)).output;
    const { url, grpcUrl } = gateway;
    expect(await versionOf("--http1.1", `${url}/livez`)).toBe("1.1 200");
    expect(await versionOf("--http2", `${url}/livez`)).toBe("2 200");
    const call = ["-H", "content-type: application/json", "-d", "{}"];
    const check = `${grpcUrl}/grpc.health.v1.Health/Check`;
    expect(await versionOf("--http2", ...call, check)).toBe("2 200");
    const strange = await runTool(["curl", "-sS", `${url}/livez`]);
    expect(strange.errors).toMatch(/certificate/);
  });

  test("answers nothing without TLS", async () => {
    for (const url of [gateway.url, gateway.grpcUrl]) {
      const { code, output } = await runTool(["curl", "-sS", url.replace("https", "http")]);
      expect({ code: code === 0, output }).toEqual({ code: false, output: "" });
    }
  });

  test("streams over SSE and WebSocket, and answers absolute links with https", async () => {
    const append = async (n: number) =>
      await curl("-d", JSON.stringify({ n }), `${gateway.url}/v1/topics/orders/records`);
    await append(1);
    const stream = await openSse(`${gateway.url}/v1/topics/orders/sse?after=earliest`, { ca });
    expect((await stream.take(1)).map(({ data }) => data)).toEqual([`{"n":1}`]);
    await append(2);
    expect((await stream.take(1)).map(({ data }) => data)).toEqual([`{"n":2}`]);
    stream.close();
    const socket = new WebSocket(`${gateway.wsUrl}/echo`, {
      tls: { ca },
    } as unknown as string[]);
    const echoed = new Promise((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
      socket.addEventListener("error", reject);
    });
    socket.addEventListener("open", () => socket.send("over TLS"));
    expect(await within("an echo", 5000, echoed)).toBe("over TLS");
    socket.close();
    const created = await curl("-i", "-X", "PUT", `${gateway.url}/log`);
    expect(created.output).toMatch(/^HTTP\/2 201/);
    const { output } = await curl(`${gateway.url}/openapi.json`);
    expect(output).not.toContain("http://127.0.0.1");
  });

  test.skipIf(browser === undefined)(
    "serves the dashboard to a browser, which watches a stream",
    async () => {
      const page = await browser?.newPage({ ignoreHTTPSErrors: true });
      if (page === undefined) throw new Error("The browser has no page");
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      const answer = await page.goto(`${gateway.url}/ui`);
      expect(answer?.status()).toBe(200);
      const first = await page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const source = new EventSource("/v1/topics/orders/sse?after=earliest");
            source.onmessage = ({ data }) => resolve(data);
            source.onerror = reject;
          }),
      );
      expect(first).toBe(`{"n":1}`);
      expect(complaints).toEqual([]);
      await page.close();
    },
    timeoutMs,
  );

  test("lets pages of the same address write, and no others", async () => {
    const post = async (origin: string) => {
      const headers = ["-H", `origin: ${origin}`, "-d", "{}"];
      const shown = ["-o", "/dev/null", "-w", "%{http_code}"];
      const { output, errors } = await curl(
        ...[...headers, ...shown, `${gateway.url}/v1/topics/orders/records`],
      );
      return output + errors;
    };
    expect(await post(gateway.url)).toBe("200");
    expect(await post("https://evil.example")).toBe("403");
  });

  test("has its refusals seen by clients that still send, over HTTP/2", async () => {
    const body = authority.path("body.json");
    writeFileSync(body, JSON.stringify("x".repeat(300_000)));
    for (const sent of ["{}", `@${body}`]) {
      for (let round = 0; round < 20; round++) {
        const headers = ["-H", "origin: https://evil.example", "-d", sent];
        const { output, errors } = await curl(
          ...["-w", " %{http_version} %{http_code}", ...headers],
          `${gateway.url}/v1/topics/orders/records`,
        );
        expect(errors).toBe("");
        expect(output).toMatch(/"code":"forbidden"\}\s+2 403$/);
      }
    }
  });

  toolTest(grpcurl, "serves grpcurl, which verifies it", async (path) => {
    const health = "grpc.health.v1.Health/Check";
    const trusting = [path, "-cacert", authority.ca, hostOf(gateway.grpcUrl), health];
    expect((await runTool(trusting)).output).toContain("SERVING");
    const strange = await runTool([path, "-max-time", "5", hostOf(gateway.grpcUrl), health]);
    expect(strange.errors).toMatch(/certificate/);
  });

  describe.each(["url", "grpcUrl"] as const)("on its %s", (port) => {
    const handshake = async (...args: string[]) => {
      const address = hostOf(gateway[port]);
      const { output } = await runTool(["openssl", "s_client", "-connect", address, ...args]);
      return {
        cipher: /Cipher is (\S+)/.exec(output)?.[1],
        protocol: /^New, (\S+),/m.exec(output)?.[1],
        alpn: /^ALPN protocol: (\S+)/m.exec(output)?.[1],
      };
    };
    // OpenSSL's own bounds are off, so that the refusal is the gateway's.
    const anyCipher = ["-cipher", "ALL:@SECLEVEL=0"];
    const refused = { cipher: "(NONE)", protocol: "(NONE)", alpn: undefined };

    test("refuses TLS 1.0 and 1.1", async () => {
      expect(await handshake("-tls1", ...anyCipher)).toEqual(refused);
      expect(await handshake("-tls1_1", ...anyCipher)).toEqual(refused);
    });

    test("speaks TLS 1.2 and 1.3, and h2 by ALPN", async () => {
      const offer = ["-alpn", "h2,http/1.1"];
      expect(await handshake("-tls1_2", ...offer)).toMatchObject({ alpn: "h2" });
      expect(await handshake("-tls1_3", ...offer)).toMatchObject({
        protocol: "TLSv1.3",
        alpn: "h2",
      });
    });

    test("takes ciphers with forward secrecy and authentication alone", async () => {
      const good = [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
      ];
      for (const cipher of good) {
        expect(await handshake("-tls1_2", "-cipher", cipher)).toMatchObject({ cipher });
      }
      const bad = [
        "AES128-SHA",
        "AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA384",
      ];
      for (const cipher of bad) {
        expect(await handshake("-tls1_2", "-cipher", `${cipher}:@SECLEVEL=0`)).toEqual(refused);
      }
    });

    test("survives clients that say nothing, garbage or half a handshake", async () => {
      const { hostname, port: number } = new URL(gateway[port]);
      const silent = connect(Number(number), hostname);
      silent.on("error", () => {});
      for (const bytes of [
        "GET / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x40\x00\x01",
        "\xff".repeat(5000),
      ]) {
        const socket = connect(Number(number), hostname);
        socket.on("error", () => {});
        socket.write(Buffer.from(bytes, "latin1"));
        socket.resume();
        if (bytes.startsWith("GET")) {
          await within("the end", 5000, new Promise((resolve) => socket.on("close", resolve)));
        } else socket.end();
      }
      expect((await curl(`${gateway.url}/livez`)).code).toBe(0);
      silent.destroy();
      expect(gateway.errors()).toEqual([]);
    });
  });
});

test(
  "a client that never begins its handshake is disconnected from the gRPC port",
  async () => {
    const { hostname, port } = new URL(gateway.grpcUrl);
    const silent = connect(Number(port), hostname);
    silent.on("error", () => {});
    silent.resume();
    const closed = new Promise((resolve) => silent.on("close", resolve));
    await within("the end", 30_000, closed);
  },
  timeoutMs,
);

describe("a start", () => {
  test("names the file that cannot be used, at once", async () => {
    const garbage = authority.path("garbage.pem");
    writeFileSync(garbage, "hunter2");
    const start = async (env: Record<string, string>) =>
      await runSluice(["serve"], {
        ...{ SLUICE_PORT: "0", SLUICE_GRPC_PORT: "0", SLUICE_DATA_DIR: temporaryDataDir() },
        ...env,
      }).ended;
    const other = authority.issue({ name: "other" });
    const wrong = await start({ SLUICE_TLS_CERT: pair.cert, SLUICE_TLS_KEY: other.key });
    expect(wrong.code).toBe(1);
    expect(wrong.errors).toContain(`Cannot use SLUICE_TLS_KEY=${other.key}: it is not the key of`);
    const broken = await start({ SLUICE_TLS_CERT: garbage, SLUICE_TLS_KEY: pair.key });
    expect(broken.errors).toContain("it has no certificate");
    expect(broken.errors).not.toContain("hunter2");
    const half = await start({ SLUICE_TLS_CERT: pair.cert });
    expect(half.code).toBe(2);
    expect(half.errors).toContain("SLUICE_TLS_CERT is set without SLUICE_TLS_KEY");
  });
});
