import { expect, test } from "bun:test";
import { testGroups } from "./test-groups.ts";

test("files of a folder share a process, end-to-end tests first", () => {
  const groups = testGroups([
    "src/a.test.ts",
    "test/b.test.ts",
    "test/e2e/x/d.test.ts",
    "src/deep/c.test.ts",
    "src/b.test.ts",
    "test/e2e/streams/e.test.ts",
  ]);
  expect(groups).toEqual([
    { name: "test/e2e/streams", isMeasured: true, files: ["./test/e2e/streams/e.test.ts"] },
    { name: "test/e2e/x", isMeasured: false, files: ["./test/e2e/x/d.test.ts"] },
    { name: "test", isMeasured: false, files: ["./test/b.test.ts"] },
    { name: "src", isMeasured: false, files: ["./src/a.test.ts", "./src/b.test.ts"] },
    { name: "src/deep", isMeasured: false, files: ["./src/deep/c.test.ts"] },
  ]);
});

test("a large folder is cut into parts of about equal size, and no file is lost", () => {
  const files = Array.from({ length: 17 }, (_, i) => `src/${String(i).padStart(2, "0")}.test.ts`);
  const groups = testGroups(files);
  expect(groups.map(({ name, files: part }) => [name, part.length])).toEqual([
    ["src 1/3", 6],
    ["src 2/3", 6],
    ["src 3/3", 5],
  ]);
  expect(groups.flatMap(({ files: part }) => part)).toEqual(files.map((file) => `./${file}`));
});
