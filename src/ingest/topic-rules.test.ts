import { expect, test } from "bun:test";
import { Caller, openCaller } from "../core/access/caller.ts";
import { Grants, parseGrants } from "../core/access/grant.ts";
import { Failure } from "../core/failure.ts";
import { Author, type TopicAction, TopicRules } from "./topic-rules.ts";

const owner = new Author("emitters");
const rules = new TopicRules();
rules.declare("emitters", {
  owner,
  contains: { kind: "emitter", isKey: true },
  appendedAt: "/log/{id}",
});
rules.declare("lifecycle", {
  owner: new Author("lifecycle"),
  contains: { kind: "app", isKey: false },
});

function callerWith(text: string): Caller {
  const grants = new Grants(parseGrants(text));
  return new Caller({ kind: "key", id: "key:t", name: "tester", grants });
}

/** The code and message of what it throws, or the name that it returns. */
function outcome(ask: () => string): string {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

test.each<[grants: string, topic: string, action: TopicAction, expected: string]>([
  ["append topic:orders.*", "orders.eu", "append", "orders.eu"],
  [
    "append topic:orders.*",
    "orders",
    "append",
    'forbidden: tester lacks the grant "append topic:orders"',
  ],
  [
    "read *, manage *",
    "orders",
    "append",
    'forbidden: tester lacks the grant "append topic:orders"',
  ],
  [
    "append *, read *",
    "orders",
    "create",
    'forbidden: tester lacks the grant "manage topic:orders"',
  ],
  ["manage topic:orders", "orders", "remove", "orders"],
  // An internal topic is what its records are about.
  ["append topic:*", "lifecycle", "append", 'forbidden: tester lacks the grant "append app:*"'],
  ["append app:shop", "lifecycle", "append", 'forbidden: tester lacks the grant "append app:*"'],
  ["append app:*", "lifecycle", "append", "lifecycle"],
  [
    "append emitter:*",
    "emitters",
    "append",
    'forbidden: Cannot append to topic "emitters": it is internal, expected appends at /log/{id}',
  ],
  [
    "manage *",
    "emitters",
    "remove",
    'forbidden: Cannot remove topic "emitters": it is internal, the gateway creates and keeps it',
  ],
])("with %s: %s %s", (grants, topic, action, expected) => {
  expect(outcome(() => rules.require(topic, action, callerWith(grants)))).toBe(expected);
});

test.each<[grants: string, topic: string, key: string | undefined, expected: string]>([
  ["read topic:orders", "orders", "a", "orders"],
  [
    "append topic:orders",
    "orders",
    undefined,
    'forbidden: tester lacks the grant "read topic:orders"',
  ],
  ["read emitter:web-*", "emitters", "web-1", "emitters"],
  [
    "read emitter:web-*",
    "emitters",
    "db-1",
    'forbidden: tester lacks the grant "read emitter:db-1"',
  ],
  [
    "read emitter:web-*",
    "emitters",
    undefined,
    'forbidden: tester lacks the grant "read emitter:*"',
  ],
  ["read topic:*", "emitters", undefined, 'forbidden: tester lacks the grant "read emitter:*"'],
  // A message id may be any app's.
  ["read app:shop", "lifecycle", "m1", 'forbidden: tester lacks the grant "read app:*"'],
  ["read app:*", "lifecycle", "m1", "lifecycle"],
])("with %s: read %s, key %s", (grants, topic, key, expected) => {
  const caller = callerWith(grants);
  expect(outcome(() => rules.requireRead(topic, key, caller))).toBe(expected);
  if (key === undefined) expect(rules.mayRead(topic, caller)).toBe(expected === topic);
});

test("a feature writes to its own topic and to those of callers, never to another's", () => {
  expect(rules.require("emitters", "append", owner)).toBe("emitters");
  expect(rules.require("acks", "append", owner)).toBe("acks");
  const other = new Author("emitters");
  expect(outcome(() => rules.require("emitters", "append", other))).toStartWith("forbidden");
});

test("without access control callers still keep off internal topics", () => {
  expect(rules.require("orders", "create", openCaller)).toBe("orders");
  expect(outcome(() => rules.require("emitters", "append", openCaller))).toStartWith("forbidden");
});

test("a credential that has ended allows nothing more", () => {
  const caller = callerWith("append *, read *");
  caller.end(new Failure("unauthenticated", "The key was revoked"));
  expect(outcome(() => rules.require("orders", "append", caller))).toBe(
    "unauthenticated: The key was revoked",
  );
  expect(outcome(() => rules.requireRead("orders", undefined, caller))).toBe(
    "unauthenticated: The key was revoked",
  );
});
