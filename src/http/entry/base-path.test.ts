import { describe, expect, test } from "bun:test";
import { parseBasePath, publicPath, underBasePath } from "./base-path.ts";

describe("a prefix", () => {
  test.each([
    ["/tools", "/tools"],
    ["/tools/sluice/", "/tools/sluice"],
    ["/a.b/~c-d_e", "/a.b/~c-d_e"],
    ["/", ""],
    ["", ""],
  ])("%s is %s", (text, path) => {
    expect(parseBasePath(text)).toBe(path);
  });

  test.each([
    "tools",
    "//tools",
    "/tools//sluice",
    "/../tools",
    "/tools/.",
    "/t%6fols",
    "/a b",
    "/a?b",
    "/a\\b",
    "https://evil.example/",
    `/${"a".repeat(200)}`,
  ])("cannot be %s", (text) => {
    expect(parseBasePath(text)).toBeUndefined();
  });
});

describe("a gateway with a prefix", () => {
  const fetch = underBasePath(({ url }) => new Response(url), "/tools/sluice");
  const asked = async (path: string, method = "GET") => {
    const response = await fetch(new Request(`http://gateway.example:9000${path}`, { method }));
    const { status, headers } = response;
    return { status, location: headers.get("location"), text: await response.text() };
  };

  test.each([
    ["/tools/sluice/", "/"],
    ["/tools/sluice/log/x?limit=1&after=/tools/sluice/", "/log/x?limit=1&after=/tools/sluice/"],
    ["/tools/sluice/tools/sluice/log", "/tools/sluice/log"],
    ["/other/../tools/sluice/log", "/log"],
    ["/livez", "/livez"],
    ["/readyz?verbose", "/readyz?verbose"],
  ])("serves %s as %s", async (path, served) => {
    expect(await asked(path)).toEqual({
      status: 200,
      location: null,
      text: `http://gateway.example:9000${served}`,
    });
  });

  test.each(["/", "/log/x", "/tools", "/tools/sluices/log", "/tools/%73luice/", "/livez/x"])(
    "does not serve %s",
    async (path) => {
      const { status, text } = await asked(path);
      expect(status).toBe(404);
      expect(JSON.parse(text).detail).toContain("below /tools/sluice/ (SLUICE_BASE_PATH)");
    },
  );

  test.each(["/tools/sluice/../../log/x", "/tools/sluice/..\\..\\log", "/tools/sluice/%2e%2e/x"])(
    "does not serve what %s leads to, above its prefix",
    async (path) => {
      expect((await asked(path)).status).toBe(404);
    },
  );

  test("leads from the prefix itself to the address below it, with its query and method", async () => {
    const redirect = { status: 308, location: "/tools/sluice/?a=1", text: "" };
    expect(await asked("/tools/sluice?a=1")).toEqual(redirect);
    expect(await asked("/tools/sluice?a=1", "POST")).toEqual(redirect);
  });
});

describe("Location", () => {
  const forwarded = (prefix: string) =>
    new Request("http://node/log", { headers: { "x-forwarded-prefix": prefix } });

  test("has the prefix that is kept, or the one that the proxy removed", () => {
    expect(publicPath(new Request("http://node/log"), "", "/log/x")).toBe("/log/x");
    expect(publicPath(forwarded("/tools/"), "", "/log/x")).toBe("/tools/log/x");
    expect(publicPath(forwarded("/other"), "/tools", "/log/x")).toBe("/tools/log/x");
  });

  test.each(["//evil.example", "https://evil.example", "/a, /b", "/%0d%0a", "x"])(
    "has no prefix where the proxy's header is %s",
    (prefix) => {
      expect(publicPath(forwarded(prefix), "", "/log/x")).toBe("/log/x");
    },
  );
});
