/** Access of real gateways: what closes them, what the pages do, and that no secret shows anywhere. */

import { afterAll, expect, test } from "bun:test";
import { launchBrowser, openAgain, pageTest } from "../../support/browser.ts";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask } from "../../support/http.ts";
import { testPostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";

const adminKey = "an-admin-key-of-more-than-32-characters";
const jwtSecret = "a-jwt-secret-of-more-than-32-characters";
const all = ["read *", "append *", "manage *"];

const browser = await launchBrowser();
const stack = new AsyncDisposableStack();
afterAll(async () => {
  await browser?.close();
  await stack.disposeAsync();
}, 60_000);

async function start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  const gateway = await startGateway({ env });
  stack.defer(async () => void (await gateway.stop()));
  return gateway;
}

function as(key: string, headers: Record<string, string> = {}): Record<string, string> {
  return { authorization: `Bearer ${key}`, ...headers };
}

async function createKey(
  { url }: GatewayProcess,
  name: string,
  grants: readonly string[],
  key?: string,
): Promise<Answer> {
  const headers = key === undefined ? {} : as(key);
  return await ask("POST", `${url}/v1/keys`, { headers, body: JSON.stringify({ name, grants }) });
}

test("the first key closes all nodes of a database, and locks nobody out", async () => {
  const server = await testPostgres();
  const database = await server.createDatabase();
  stack.defer(() => database.drop());
  const a = await start({ DATABASE_URL: database.url });
  const b = await start({ DATABASE_URL: database.url });
  expect(a.log()).toContain("the gateway is open: everybody who reaches it may do everything");
  expect((await ask("GET", `${b.url}/v1/topics`)).status).toBe(200);
  expect((await ask("GET", `${b.url}/v1/me`)).json).toMatchObject({ closed: false, grants: all });

  const refused = await createKey(a, "narrow", ["read *"]);
  expect([refused.status, refused.json.detail]).toEqual([
    409,
    expect.stringContaining('"manage node:keys"'),
  ]);
  expect((await ask("GET", `${a.url}/v1/topics`)).status).toBe(200);

  const grants = all.flatMap((one) => ["--grant", one]);
  const created = runSluice(["key", "create", "admin", ...grants], { SLUICE_URL: a.url });
  const { output } = await created.ended;
  expect(output).toMatch(/^slk_[0-9a-z]{8}_[\w-]{43}\n$/);
  const key = output.trim();
  expect((await ask("GET", `${a.url}/v1/topics`)).status).toBe(401);
  await until("the other node is closed", 1000, async () => {
    return (await ask("GET", `${b.url}/v1/topics`)).status === 401;
  });
  expect((await ask("GET", `${b.url}/v1/topics`, { headers: as(key) })).status).toBe(200);
  const env = { SLUICE_URL: b.url, SLUICE_KEY: key };
  const listed = await runSluice(["key", "list"], env).ended;
  expect(listed.output).toContain("admin");
  expect(listed.output).not.toContain(key);
  const last = await ask("DELETE", `${b.url}/v1/keys/admin`, { headers: as(key) });
  expect([last.status, last.json.detail]).toEqual([409, expect.stringContaining("it is the last")]);

  const c = await start({ DATABASE_URL: database.url });
  expect(c.log()).toContain("the gateway is closed: callers need a credential");
}, 120_000);

test("at another address than loopback a gateway is closed, and says what to set", async () => {
  const gateway = await start({ SLUICE_HOST: "0.0.0.0" });
  expect(gateway.log()).toContain("the gateway is closed, and there is no credential for it");
  expect(gateway.log()).toContain("SLUICE_ADMIN_KEY");
  const url = gateway.url.replace("0.0.0.0", "127.0.0.1");
  expect((await ask("GET", `${url}/v1/topics`)).status).toBe(401);
  expect((await ask("GET", `${url}/livez`)).status).toBe(200);
}, 60_000);

test("no secret is in the log, in an answer, in /status or in /metrics", async () => {
  const gateway = await start({
    SLUICE_ADMIN_KEY: adminKey,
    SLUICE_JWT_SECRET: jwtSecret,
    SLUICE_LOG_LEVEL: "debug",
  });
  const { url } = gateway;
  const admin = as(adminKey);
  const shown: string[] = [];
  const send = async (method: string, path: string, headers = {}, body?: string) => {
    const answer = await ask(
      method,
      url + path,
      body === undefined ? { headers } : { headers, body },
    );
    shown.push(JSON.stringify([answer.status, answer.text]));
    return answer;
  };
  const key = String((await createKey(gateway, "one", all, adminKey)).json["key"]);
  const { ticket } = (
    await ask("POST", `${url}/v1/tickets`, {
      headers: admin,
      body: JSON.stringify({ action: "read", target: "topic:a" }),
    })
  ).json as { ticket: string };
  const opened = await fetch(`${url}/v1/session`, {
    method: "POST",
    body: JSON.stringify({ key }),
  });
  const cookie = opened.headers.get("set-cookie") ?? "";
  const [, session = ""] = /^sluice_session=([^;]+)/.exec(cookie) ?? [];
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
  expect(session).toStartWith("sls_");
  shown.push(await opened.text());

  const secrets = [adminKey, jwtSecret, key, ticket, session];
  for (const secret of secrets) {
    for (const path of ["/v1/keys", "/v1/keys/one", "/v1/me", "/v1/topics", "/nothing"]) {
      await send("GET", path, as(secret));
      await send("GET", path, as(`${secret}x`));
    }
    await send("GET", "/v1/topics", { authorization: `Basic ${btoa(`a:${secret}`)}` });
    await send("GET", "/v1/topics", { authorization: `Basic ${secret}` });
    await send("GET", "/v1/topics", { cookie: `sluice_session=${secret}` });
    await send("GET", `/v1/topics?token=${secret}`);
    await send("GET", `/v1/topics/a/sse?ticket=${secret}x`);
    await send("POST", "/v1/session", {}, JSON.stringify({ key: `${secret}x` }));
  }
  await send("GET", "/status", admin);
  await send("GET", "/metrics", admin);
  await send("DELETE", "/v1/session", { cookie: `sluice_session=${session}` });
  await send("DELETE", "/v1/keys/one", admin);
  // The address has sent many wrong ones.
  expect((await send("GET", "/v1/me", as(key))).status).toBeOneOf([401, 429]);
  expect(gateway.log()).toContain('"audit"');
  expect(gateway.errors()).toEqual([]);

  const everything = [gateway.log(), ...shown];
  const found = secrets.filter((secret) => everything.some((text) => text.includes(secret)));
  expect(found).toEqual([]);
}, 120_000);

pageTest("the dashboard asks for a key over the page, and forgets it again", async () => {
  const gateway = await start({ SLUICE_ADMIN_KEY: adminKey });
  const key = String((await createKey(gateway, "screen", ["read *"], adminKey)).json["key"]);
  if (browser === undefined) return;
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${gateway.url}/ui/topics`);
  await page.getByLabel("API key").fill("slk_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Topics", exact: true }).waitFor();
  expect(page.url()).toBe(`${gateway.url}/ui/topics`);
  // No script sees it.
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.getByText("read only").first().waitFor();
  await openAgain(page);
  await page.getByRole("heading", { name: "Topics", exact: true }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  await page.goto(`${gateway.url}/ui`);
  await page.getByText("This gateway needs a key.").waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

pageTest("the login page takes a key as well, for pages that have no dialog", async () => {
  const gateway = await start({ SLUICE_ADMIN_KEY: adminKey });
  const key = String((await createKey(gateway, "screen", ["read *"], adminKey)).json["key"]);
  if (browser === undefined) return;
  const page = await browser.newPage();
  await page.goto(`${gateway.url}/login`);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${gateway.url}/ui`);
  await page.goto(`${gateway.url}/login`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("This gateway needs a key.").waitFor();
  await page.close();
});
