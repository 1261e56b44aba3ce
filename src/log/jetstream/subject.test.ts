import { expect, test } from "bun:test";
import {
  isKeyInSubject,
  keyFromSubject,
  streamFromTopic,
  subjectFromKey,
  subjectFromTopic,
  topicFromStream,
} from "./subject.ts";

const root = subjectFromTopic("a.topic");
const keys = [
  "a",
  "a.b",
  "*",
  ">",
  "%",
  "%2E",
  "a b",
  "\n",
  "\u0000",
  "ключ",
  "🔑",
  "~",
  "a:b/c@d",
  "",
];

test("a key comes back from its subject, and is one token of it", () => {
  for (const key of keys) {
    const subject = subjectFromKey(root, key);
    expect(subject).toMatch(/^[\x21-\x7e]+$/);
    expect(subject.split(".").length).toBe(key === "" ? 2 : 3);
    expect(keyFromSubject(root, subject)).toBe(key);
    expect(isKeyInSubject(subject)).toBe(true);
  }
  expect(new Set(keys.map((key) => subjectFromKey(root, key))).size).toBe(keys.length);
});

test("what other NATS clients would write stays as they would write it", () => {
  expect(subjectFromKey(root, "sensor-7:temp/C")).toBe("sluice.a~topic.sensor-7:temp/C");
  expect(keyFromSubject(root, "sluice.a~topic.100%")).toBe("100%");
});

test("long keys have short, separate subjects", () => {
  const subjects = ["k".repeat(10_000), "K".repeat(10_000), "🔑".repeat(80)].map((key) =>
    subjectFromKey(root, key),
  );
  expect(new Set(subjects).size).toBe(3);
  for (const subject of subjects) {
    expect(subject.length).toBeLessThan(100);
    expect(isKeyInSubject(subject)).toBe(false);
  }
});

test("streams and topics name each other", () => {
  for (const topic of ["a", "a.b", "a_b-c..d", "."]) {
    expect(topicFromStream(streamFromTopic(topic))).toBe(topic);
    expect(streamFromTopic(topic)).not.toContain(".");
  }
  expect(topicFromStream("ORDERS")).toBeUndefined();
});
