/** Where this release's files are, and what it is called: the same for a checkout, a package and an executable. */

import packageJson from "../../package.json" with { type: "json" };

export interface Build {
  readonly version: string;
  /** The commit that it was built from; undefined in a checkout. */
  readonly commit?: string;
}

/** `scripts/build` replaces it by the build. In a checkout there is no such name. */
declare const SLUICE_BUILD: Pick<Build, "commit"> | undefined;

/** Whether the modules were bundled into one, with the files beside it. */
export const isBuilt = typeof SLUICE_BUILD !== "undefined";

export const build: Build = {
  version: packageJson.version,
  ...(typeof SLUICE_BUILD === "undefined" ? {} : SLUICE_BUILD),
};

const root = new URL(isBuilt ? "./" : "../../", import.meta.url);

/** Whether that is a single file, which other programs cannot read and which has no packages. */
export const isExecutable = /\$bunfs|~BUN/.test(root.href);

/** A file or folder that a release contains, by its path in the repository. */
export function shippedFile(path: string): URL {
  return new URL(path, root);
}

/** A file of an npm package, as `package/path`. A build has a copy, made by `scripts/build`. */
export function packageFile(path: string): URL {
  return isBuilt ? new URL(`packages/${path}`, root) : new URL(import.meta.resolve(path));
}
