import { expect, test } from "bun:test";
import { queryCheck } from "./query.ts";

const check = queryCheck(["limit", "a b"]);

test.each([
  "http://x/",
  "http://x/?",
  "http://x/?&&",
  "http://x/?limit",
  "http://x/?limit=1&a+b=2&",
  "http://x/?%6Cimit=%zz",
  "http://x/?limit=1=2?3",
  "http://x/?limit=1#&other=2",
  "http://x/#?other=1",
])("%s has known parameters alone", (url) => {
  check(url);
});

test.each([
  [
    "http://x/?other=1",
    'Cannot use parameter "other": there is no such parameter, expected limit, a b',
  ],
  ["http://x/?limit=1&Limit=1", 'Cannot use parameter "Limit": there is no such parameter'],
  ["http://x/?=1", 'Cannot use parameter "": there is no such parameter'],
  ["http://x/?%zz=1", 'Cannot use parameter "%zz"'],
  ["http://x/?limit%00=1", 'Cannot use parameter "limit\\u0000"'],
  ["http://x/?limit=1&limit=2", 'Cannot use parameter "limit": it is given twice, expected once'],
  ["http://x/?limit=1&%6Cimit=2", 'Cannot use parameter "limit": it is given twice, expected once'],
])("%s is refused: %s", (url, says) => {
  expect(() => check(url)).toThrow(says);
});

test.each(["token", "access_token", "key", "apikey"])(
  "?%s= is refused with the place for it",
  (name) => {
    expect(() => check(`http://x/?${name}=secret`)).toThrow(
      `Cannot take a credential in parameter "${name}": addresses are logged`,
    );
    expect(() => check(`http://x/?${name}=secret`)).not.toThrow("secret");
    // A record's key is none.
    queryCheck([name])(`http://x/?${name}=a`);
  },
);

test("an address without parameters says so, and a long name is cut", () => {
  const none = queryCheck([]);
  expect(() => none("http://x/?_=1")).toThrow("there is no such parameter, expected none");
  try {
    none(`http://x/?${"n".repeat(10_000)}`);
    throw new Error("It was accepted");
  } catch (error) {
    expect(JSON.stringify(error).length).toBeLessThan(1000);
    expect(error).toMatchObject({ errors: [{ field: "n".repeat(100) }] });
  }
});
