/** The documentation is true: every example in it runs against a real gateway as it stands. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { startGateway, type GatewayProcess } from "../support/gateway.ts";
import {
  expectations,
  extractExamples,
  matchMessage,
  missing,
  talk,
  type Example,
} from "./examples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scripts = join(root, ".cache/docs");
const endMsMax = 30_000;
const messageMsMax = 5000;

rmSync(scripts, { recursive: true, force: true });
mkdirSync(scripts, { recursive: true });

const files = ["README.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()].filter((file) =>
  existsSync(join(root, file)),
);
const read = files.map((file) => ({
  file,
  ...extractExamples(file, readFileSync(join(root, file), "utf8")),
}));

test("every block says whether it is run", () => {
  expect(read.flatMap(({ problems }) => problems)).toEqual([]);
  expect(read.flatMap(({ examples }) => examples).length).toBeGreaterThan(10);
});

test("the TypeScript is typed", async () => {
  for (const { examples } of read) {
    for (const example of examples) if (example.language === "ts") writeScript(example, byDefault);
  }
  writeFileSync(
    join(scripts, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"], exclude: [] }),
  );
  const { code, output } = await run([
    process.execPath,
    join(root, "node_modules/.bin/tsc"),
    "--noEmit",
    "--pretty",
    "false",
    "-p",
    scripts,
  ]);
  expect({ code, output }).toEqual({ code: 0, output: "" });
}, 120_000);

for (const { file, examples } of read.filter(({ examples }) => examples.length > 0)) {
  let gateway: Promise<GatewayProcess> | undefined;
  afterAll(async () => {
    if (gateway !== undefined) await (await gateway).stop();
  });

  test(
    `${file}: its examples run`,
    async () => {
      // One gateway a file, whose examples follow one another.
      // The mapping of the samples: docs/files.md tells of it.
      gateway = startGateway({ env: { SLUICE_RELATIONS: "data-samples/relations.json" } });
      const { url, grpcUrl } = await gateway;
      const addresses = { http: new URL(url).host, grpc: new URL(grpcUrl).host };
      for (const example of examples) {
        const failed = await runExample(example, addresses);
        if (failed !== undefined) throw new Error(`${example.place}: ${failed}\n\n${example.code}`);
      }
    },
    60_000 + examples.length * 5000,
  );
}

interface Addresses {
  readonly http: string;
  readonly grpc: string;
}

const byDefault: Addresses = { http: "localhost:9000", grpc: "localhost:4025" };

/** What is wrong, or undefined. */
async function runExample(example: Example, addresses: Addresses): Promise<string | undefined> {
  if (example.language === "ws") return await runTalk(example, `ws://${addresses.http}/v1/ws`);
  const command =
    example.language === "ts"
      ? [process.execPath, writeScript(example, addresses)]
      : ["bash", "-eu", "-c", inserted(example.code, addresses)];
  const expected = expectations(example);
  const lacks = (output: string) => missing(expected, removed(output, addresses));
  if (example.live && expected.length === 0) {
    return "it is live, and says nothing of what it prints";
  }
  const enough = (output: string) => example.live && lacks(output) === undefined;
  const { code, output, errors } = await run(command, enough);
  const printed = `It printed:\n${output}\n${errors}`;
  if (code !== 0 && !enough(output)) {
    return `it ended with ${code ?? `no end in ${endMsMax} ms`}. ${printed}`;
  }
  const text = lacks(output);
  return text === undefined ? undefined : `it lacks "${text}". ${printed}`;
}

/** Documentation names the default ports; here they are any. */
function inserted(text: string, { http, grpc }: Addresses): string {
  return text.replaceAll("localhost:9000", http).replaceAll("localhost:4025", grpc);
}

function removed(text: string, { http, grpc }: Addresses): string {
  return text.replaceAll(http, "localhost:9000").replaceAll(grpc, "localhost:4025");
}

/** As a module beside which the client lies as it does beside the documentation. */
function writeScript(example: Example, addresses: Addresses): string {
  const [file = "", line = ""] = example.place.split(":");
  const path = join(scripts, `${basename(file, ".md")}-${line}.ts`);
  const folder = join(root, dirname(file));
  const code = example.code.replaceAll(/from "(\.{1,2}\/[^"]+)"/g, (_, specifier: string) => {
    return `from "${relative(scripts, join(folder, specifier))}"`;
  });
  writeFileSync(path, inserted(code, addresses));
  return path;
}

interface Ran {
  /** Undefined when it was stopped. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

/** Until it ends, or has printed `enough`. */
async function run(
  command: string[],
  enough: (output: string) => boolean = () => false,
): Promise<Ran> {
  const child = Bun.spawn(command, {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      NO_COLOR: "1",
    },
    // A group of its own: what a shell began is stopped with it.
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

/** Says the lines of the block and waits for what is to come, in any order. */
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
          return `nothing came like ${filled}\n\nWhat came besides:\n${messages.join("\n")}`;
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
