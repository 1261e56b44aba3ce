// Public clients in Go that tests use: found, or built if they are missing. Builds stay in `.cache/bin`,
// so each is fetched once.

import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "./install.ts";
import { run } from "./run.ts";
import type { Found } from "./services.ts";

export interface GoTool {
  readonly name: string;
  /** Path of the module, and of the program's package in it. */
  readonly module: string;
  readonly package: string;
  readonly version: string;
}

/** The runner of the public conformance suite. 1.0.7 does not build: it lacks a dependency. */
export const connectConformance: GoTool = {
  name: "connectconformance",
  module: "connectrpc.com/conformance",
  package: "cmd/connectconformance",
  version: "v1.0.6",
};

export const grpcurl: GoTool = {
  name: "grpcurl",
  module: "github.com/fullstorydev/grpcurl",
  package: "cmd/grpcurl",
  version: "v1.9.4",
};

/** Parses compose files as Docker Compose does. */
export const composeGo: GoTool = {
  name: "cmd",
  module: "github.com/compose-spec/compose-go/v2",
  package: "cmd",
  version: "v2.16.2",
};

const buildMs = 600_000;

export async function findGoTool(tool: GoTool): Promise<Found> {
  if (Bun.which("go") === null) return { reason: `no ${tool.name}: there is no go to build it` };
  const bin = join(root, ".cache/bin");
  for (const path of [join(bin, tool.name), join(homedir(), "go/bin", tool.name)]) {
    if (await isVersion(path, tool)) return { path };
  }
  mkdirSync(bin, { recursive: true });
  const built = await run(["go", "install", `${tool.module}/${tool.package}@${tool.version}`], {
    env: { GOBIN: bin },
    timeoutMs: buildMs,
  });
  const path = join(bin, tool.name);
  if (built.code === 0 && existsSync(path)) return { path };
  const last = built.output.trim().split("\n").at(-1) ?? "";
  return { reason: `no ${tool.name}: go install ended with ${built.code}: ${last}` };
}

/** Version as the toolchain wrote it into the program, because most programs cannot print theirs. */
async function isVersion(path: string, { module, version }: GoTool): Promise<boolean> {
  if (!existsSync(path)) return false;
  const { output } = await run(["go", "version", "-m", path], { timeoutMs: 10_000 });
  return new RegExp(`\\bmod\\s+${RegExp.escape(module)}\\s+${RegExp.escape(version)}\\s`).test(
    output,
  );
}
