// One source has one hash: compiled by protoc, compiled by buf, and as the text that is rendered from
// either, compiled by either.

import { expect } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { linkSchema } from "../../src/features/registry/link/linked.ts";
import { renderProto } from "../../src/features/registry/render/render.ts";
import { compileProtos } from "../support/protos.ts";
import { pythonConsumer } from "../support/python-clients.ts";
import { runTool, toolTest } from "../support/tools.ts";
import { corpus } from "./corpus.ts";

const paths = Object.keys(corpus);

toolTest(
  pythonConsumer,
  "a source has the same hash from protoc, from buf, and from the text of either",
  async (python) => {
    const sets = [await compileProtos(corpus), await compileWithProtoc(python, corpus)];
    const texts = sets.map((set) =>
      Object.fromEntries(paths.map((path) => [path, renderProto(linkSchema(set, path))])),
    );
    for (const text of texts) {
      sets.push(await compileProtos(text), await compileWithProtoc(python, text));
    }
    for (const path of paths) {
      expect([path, texts[1]?.[path]]).toEqual([path, texts[0]?.[path]]);
      const hashes = sets.map((set) => linkSchema(set, path).hash);
      expect([path, ...hashes]).toEqual([path, ...hashes.map(() => hashes[0] ?? "")]);
    }
  },
);

async function compileWithProtoc(
  python: string,
  files: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-protoc-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const out = join(folder, "set.binpb");
    const { code, errors } = await runTool([
      ...[python, "-m", "grpc_tools.protoc", "-I", folder, "--include_imports"],
      ...[`--descriptor_set_out=${out}`, ...Object.keys(files)],
    ]);
    if (code !== 0) throw new Error(`protoc ended with ${code}: ${errors}`);
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
