/**
 * Compiles `.proto` text to descriptors, in a separate process: hostile text can neither block nor
 * crash the gateway, and a deadline ends the process.
 */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Semaphore } from "../../../core/budget/semaphore.ts";
import { Failure } from "../../../core/failure.ts";
import type { SchemaCompiler } from "../registry-port.ts";
import { compileFailure } from "./errors.ts";
import { removeStaleWorkspaces } from "./leftovers.ts";
import { runBuf } from "./process.ts";
import { checkSources } from "./sources.ts";
import { bundledImports, makeWorkspace, protoFolder } from "./workspace.ts";

export interface CompilerOptions {
  readonly timeMsMax: number;
  /** Number of processes at the same time; other compilations wait. */
  readonly runningMax: number;
  /** Number of waiting compilations; more are refused. */
  readonly waitingMax: number;
  /** Size of the compiled descriptor set. */
  readonly setBytesMax: number;
}

export const defaultCompilerOptions: CompilerOptions = {
  // The texts that take longest, within the bounds of `sources.ts`, take some seconds.
  timeMsMax: 10_000,
  runningMax: 2,
  waitingMax: 64,
  setBytesMax: 4 * 1024 * 1024,
};

const setFile = "set.binpb";

export function createCompiler(options = defaultCompilerOptions): SchemaCompiler {
  const processes = new Semaphore(options.runningMax, {
    waitingMax: options.waitingMax,
    refusal: `Cannot compile the schema now: ${options.waitingMax} others are waiting`,
  });
  void removeStaleWorkspaces();
  return {
    imports: bundledImports,
    async compile(files, file) {
      checkSources(files);
      using _ = await processes.acquire();
      await using workspace = await makeWorkspace(files);
      const { code, report } = await runBuf(
        [
          "build",
          ".",
          ...["--path", `${protoFolder}/${file}`],
          ...["--error-format", "json", "--log-format", "text"],
          ...["--exclude-source-info", "--as-file-descriptor-set", "-o", setFile],
        ],
        workspace.folder,
        options.timeMsMax,
      );
      if (code === undefined) {
        throw new Failure(
          "deadline_exceeded",
          `Cannot compile the schema: it took longer than ${options.timeMsMax} ms`,
        );
      }
      if (code !== 0) throw compileFailure(report, files);
      return await readSet(join(workspace.folder, setFile), options.setBytesMax);
    },
  };
}

async function readSet(path: string, bytesMax: number): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size <= bytesMax) return await readFile(path);
  throw new Failure(
    "too_large",
    `Cannot use the schema: its descriptors have ${size} bytes, expected at most ${bytesMax}`,
  );
}
