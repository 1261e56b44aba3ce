// Runs a program to completion and collects its output.

import { root } from "./install.ts";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** The repository by default. */
  readonly cwd?: string;
  /** Also shows the output as it arrives. */
  readonly live?: boolean;
}

export interface RunResult {
  readonly code: number;
  /** Standard output and standard error, in order of arrival. */
  readonly output: string;
}

// Some tools colour their output in CI, which is noise in a file.
const plain: Readonly<Record<string, string>> = process.stdout.isTTY ? {} : { NO_COLOR: "1" };

const running = new Set<Bun.Subprocess>();

/** Never throws: a timeout is exit code 124, a missing program 127. */
export async function run(command: string[], options: RunOptions): Promise<RunResult> {
  let output = "";
  const keep = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      output += text;
      if (options.live === true) process.stdout.write(text);
    }
  };

  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn(command, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...plain, ...options.env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch (error) {
    return { code: 127, output: `Cannot run ${command[0]}: ${String(error)}` };
  }
  running.add(child);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  // A grandchild can keep the pipes open after the child has ended, so this does not wait for their end.
  const streams = Promise.all([keep(child.stdout), keep(child.stderr)]);
  const code = await child.exited;
  clearTimeout(timer);
  running.delete(child);
  await Promise.race([streams, Bun.sleep(1_000)]);
  return late
    ? { code: 124, output: `${output}\nstopped: it ran for ${options.timeoutMs / 1000} s` }
    : { code, output };
}

/** Kills all running programs, when the caller is interrupted. */
export function stopAll(): void {
  for (const child of running) child.kill("SIGKILL");
}
