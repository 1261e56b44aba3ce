/** Runs one example of the documentation against a gateway: as a script, or as a conversation. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Example, expectations, matchMessage, missing, talk } from "./examples.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const scripts = join(root, ".cache/docs");
const endMsMax = 30_000;
const messageMsMax = 5000;

/** Where the documentation's default addresses really are. */
export interface Addresses {
  readonly http: string;
  readonly grpc: string;
  /** The origin of `html` examples, without its scheme. */
  readonly pages: string;
}

export const defaultAddresses: Addresses = {
  http: "localhost:9000",
  grpc: "localhost:4025",
  pages: "localhost:5173",
};

/** The Python of the examples, which has their packages; undefined where it is not installed. */
export const python: string | undefined = process.env["SLUICE_TEST_PYTHON_CONSUMER"];

/** What is wrong, or undefined. */
export async function runExample(
  example: Example,
  addresses: Addresses,
): Promise<string | undefined> {
  if (example.language === "ws") return await runTalk(example, `ws://${addresses.http}/v1/ws`);
  const expected = expectations(example);
  const lacks = (output: string) => missing(expected, withDefaults(output, addresses));
  if (example.live && expected.length === 0) {
    return "it is live and has no expected output";
  }
  const enough = (output: string) => example.live && lacks(output) === undefined;
  const { code, output, errors } = await run(commandOf(example, addresses), {
    enough,
    http: addresses.http,
  });
  const printed = `It printed:\n${output}\n${errors}`;
  if (code !== 0 && !enough(output)) {
    return `it ended with ${code ?? `no end in ${endMsMax} ms`}. ${printed}`;
  }
  const text = lacks(output);
  return text === undefined ? undefined : `it lacks "${text}". ${printed}`;
}

function commandOf(example: Example, addresses: Addresses): string[] {
  switch (example.language) {
    case "ts":
      return [process.execPath, writeScript(example, addresses)];
    case "py":
      return ["python3", writeScript(example, addresses)];
    default:
      return ["bash", "-eu", "-c", withAddresses(example.code, addresses)];
  }
}

/** The documentation names the default ports; the tests use free ones. */
export function withAddresses(text: string, { http, grpc, pages }: Addresses): string {
  return text
    .replaceAll(defaultAddresses.http, http)
    .replaceAll(defaultAddresses.grpc, grpc)
    .replaceAll(defaultAddresses.pages, pages);
}

export function withDefaults(text: string, { http, grpc, pages }: Addresses): string {
  return text
    .replaceAll(http, defaultAddresses.http)
    .replaceAll(grpc, defaultAddresses.grpc)
    .replaceAll(pages, defaultAddresses.pages);
}

/** As a module whose relative imports lead to what they lead to from the documentation. */
export function writeScript(example: Example, addresses: Addresses): string {
  const [file = "", line = ""] = example.place.split(":");
  mkdirSync(scripts, { recursive: true });
  const path = join(scripts, `${basename(file, ".md")}-${line}.${example.language}`);
  const folder = join(root, dirname(file));
  const code = example.code.replaceAll(/from "(\.{1,2}\/[^"]+)"/g, (_, specifier: string) => {
    return `from "${relative(scripts, join(folder, specifier))}"`;
  });
  writeFileSync(path, withAddresses(code, addresses));
  return path;
}

/** `sluice`, as the documentation writes it, its gateway, and Python with its packages. */
function exampleEnvironment(http: string): Record<string, string | undefined> {
  const bin = join(scripts, "bin");
  const sluice = join(bin, "sluice");
  if (!existsSync(sluice)) {
    mkdirSync(bin, { recursive: true });
    const entry = join(root, "src/main.ts");
    writeFileSync(sluice, `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`, {
      mode: 0o755,
    });
  }
  const folders = [bin, dirname(process.execPath)];
  if (python !== undefined) folders.unshift(dirname(python));
  return {
    ...process.env,
    PATH: [...folders, process.env["PATH"] ?? ""].join(delimiter),
    SLUICE_URL: http,
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    ...(python === undefined ? {} : { PYTHONPATH: join(dirname(python), "../gen") }),
    NO_COLOR: "1",
  };
}

export interface Ran {
  /** Undefined when it was stopped. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

interface RunOptions {
  /** Whether it has printed what it should. */
  readonly enough?: (output: string) => boolean;
  /** The gateway that `sluice` talks to. */
  readonly http?: string;
}

/** Until it ends, or has printed enough. */
export async function run(
  command: string[],
  { enough = () => false, http = defaultAddresses.http }: RunOptions = {},
): Promise<Ran> {
  const child = Bun.spawn(command, {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: exampleEnvironment(http),
    // A process group: what a shell started is stopped with it.
    detached: true,
  });
  let stopped = false;
  const stop = () => {
    stopped = true;
    process.kill(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(stop, endMsMax);
  const errors = new Response(child.stderr).text();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (!stopped && enough(output)) stop();
  }
  const code = await child.exited;
  clearTimeout(timer);
  return { code: stopped ? undefined : code, output, errors: await errors };
}

/** Sends the lines of the block and waits for what must arrive, in any order. */
async function runTalk(example: Example, url: string): Promise<string | undefined> {
  const socket = new WebSocket(url);
  const messages: string[] = [];
  let arrived = () => {};
  socket.onmessage = ({ data }) => {
    messages.push(String(data));
    arrived();
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onclose = reject;
  });
  const names: Record<string, string> = {};
  try {
    for (const { said, text } of talk(example)) {
      const filled = text.replaceAll(/\$[a-z]+/g, (name) => names[name.slice(1)] ?? name);
      if (said) {
        socket.send(filled);
        continue;
      }
      const deadline = Date.now() + messageMsMax;
      for (;;) {
        const index = messages.findIndex((message) => matchMessage(filled, message) !== undefined);
        if (index >= 0) {
          Object.assign(names, matchMessage(filled, messages.splice(index, 1)[0] ?? ""));
          break;
        }
        const waitMs = deadline - Date.now();
        if (waitMs <= 0) {
          return `nothing arrived like ${filled}\n\nWhat arrived besides:\n${messages.join("\n")}`;
        }
        await Promise.race([
          new Promise<void>((resolve) => (arrived = resolve)),
          Bun.sleep(waitMs),
        ]);
      }
    }
  } finally {
    socket.close();
  }
  return undefined;
}
