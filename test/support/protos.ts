import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const buf = join(import.meta.dir, "../../node_modules/@bufbuild/buf/bin/buf");

/**
 * A google.protobuf.FileDescriptorSet of .proto files with their imports, compiled by one call of the
 * `buf` command. `files` contains their text by path. Throws with the errors of buf.
 */
export async function compileProtos(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-protos-"));
  try {
    await writeFile(join(folder, "buf.yaml"), "version: v2\n");
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const out = ["--as-file-descriptor-set", "-o", "-#format=binpb"];
    const { stdout } = await run(process.execPath, [buf, "build", folder, ...out], {
      encoding: "buffer",
      maxBuffer: 64 * 1024 * 1024,
    });
    return new Uint8Array(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
