// The licences of the packages whose code or files a build contains.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { root } from "../install.ts";
import { copiedPackages } from "./files.ts";

/** Licences that ask for no more than their text, or that of the file itself, in a copy. */
const allowed = new Set([
  ...["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Unlicense"],
  "(Apache-2.0 AND BSD-3-Clause)",
  "MPL-2.0",
  // DejaVu: Bitstream Vera and Arev, which may be copied with programs.
  "SEE LICENSE IN README.md AND LICENSE",
]);

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type: string };
}

/** Paths are those of a bundle, relative to the working directory. Markdown with the text of each. Throws for a licence that is not known to allow this. */
export function thirdParty(bundledFiles: Iterable<string>): string {
  const folders = new Set(copiedPackages.map((name) => join(root, "node_modules", name)));
  for (const file of bundledFiles) {
    const folder = packageFolder(file);
    if (folder !== undefined) folders.add(folder);
  }
  const texts = [...folders].toSorted().map((folder) => notice(folder));
  return `# Third-party software\n\nThis release contains these packages.\n\n${texts.join("\n")}`;
}

function packageFolder(file: string): string | undefined {
  const [, path] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  return path === undefined ? undefined : resolve(path);
}

function notice(folder: string): string {
  const packageJson = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
  const { name, version, license } = packageJson;
  const id = typeof license === "object" ? license.type : license;
  if (id === undefined || !allowed.has(id)) {
    throw new Error(
      `Cannot build: ${name} has the licence ${id}, expected one of ${[...allowed].join(", ")}`,
    );
  }
  const file = licenceFile(folder) ?? licenceFile(dirname(folder));
  const text =
    file === undefined ? "" : `\n\`\`\`text\n${readFileSync(file, "utf8").trim()}\n\`\`\`\n`;
  return `## ${name} ${version}\n\nLicence: ${id}\n${text}`;
}

function licenceFile(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
  return name === undefined ? undefined : join(folder, name);
}
