/** What the documentation points at exists: files, folders, links and their headings. */

import { expect, test } from "bun:test";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./run.ts";

const pages = ["*.md", "docs/**/*.md", "examples/*/*.md"].flatMap((pattern) =>
  globSync(pattern, { cwd: root }).toSorted(),
);
const folders = ["src", "test", "docs", "scripts", "bench", "examples", "schemas", "migrations"];
const pathInCode = new RegExp(
  `\`((?:${[...folders, "patches", "data-samples"].join("|")})/[\\w./-]*)(?::\\d+)?\``,
  "g",
);

test("every path in code style exists", () => {
  const wrong = pages.flatMap((page) => {
    const paths = [...readPage(page).matchAll(pathInCode)].map(([, path = ""]) => path);
    return paths
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page} names ${path}, which does not exist: name what replaced it`);
  });
  expect(wrong).toEqual([]);
});

test("every name in code style that ARCHITECTURE.md gives with its file is in that file", () => {
  // `name()` in `file`, and `Name` in `file`.
  const pattern = /`(\w+)(?:\(\))?`\s+(?:in\s+|\()`(src\/[\w./-]+\.ts|test\/[\w./-]+\.ts)`/g;
  const named = [...readPage("ARCHITECTURE.md").matchAll(pattern)];
  expect(named.length).toBeGreaterThan(15);
  const wrong = named.flatMap(([, name = "", file = ""]) => {
    const path = join(root, file);
    const found = existsSync(path) && new RegExp(`\\b${name}\\b`).test(readFileSync(path, "utf8"));
    return found ? [] : `ARCHITECTURE.md looks for ${name} in ${file}: say where it is now`;
  });
  expect(wrong).toEqual([]);
});

test("every link leads to a file, and to a heading of it", () => {
  const wrong = pages.flatMap((page) =>
    linksOf(readPage(page)).flatMap((link) => {
      const [path = "", anchor] = link.split("#", 2);
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return `${page} links to ${link}, which does not exist`;
      if (anchor === undefined || !target.endsWith(".md")) return [];
      const found = anchorsOf(readPage(target)).includes(anchor);
      return found ? [] : `${page} links to ${link}, but ${target} has no such heading`;
    }),
  );
  expect(wrong).toEqual([]);
});

test("every page of docs/ can be reached from README.md", () => {
  const reached = new Set<string>();
  const visit = (page: string) => {
    if (reached.has(page)) return;
    reached.add(page);
    for (const link of linksOf(readPage(page))) {
      const [path = ""] = link.split("#", 1);
      const target = join(dirname(page), path);
      if (path.endsWith(".md") && existsSync(join(root, target))) visit(target);
    }
  };
  visit("README.md");
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** Links to files of the repository, outside of fenced blocks. */
function linksOf(markdown: string): string[] {
  const links = [...withoutBlocks(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
  return links.filter((to) => !/^[a-z]+:/.test(to));
}

/** The anchors that GitHub gives to headings. */
function anchorsOf(markdown: string): string[] {
  const headings = [...withoutBlocks(markdown).matchAll(/^#+ (.*)$/gm)];
  return headings.map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

function withoutBlocks(markdown: string): string {
  return markdown.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
}
