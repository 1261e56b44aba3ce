/**
 * A gateway reduced to its embedded PostgreSQL, as a separate process, for tests that kill it or
 * run it as another user or on another runtime: `<this file> <dataDir> [port]`. It prints one JSON
 * line, `{"ready":…}` or `{"failed":…}`, logs to stderr, and stops when its stdin ends; when it reads
 * anything before, it exits at once, as after an uncaught error.
 */

import process from "node:process";
import { startEmbedded } from "../../src/postgres/embedded/embedded.ts";
import { EmbeddedError } from "../../src/postgres/embedded/error.ts";

const [, , dataDir = "", port = "0"] = process.argv;

try {
  const began = performance.now();
  const embedded = await startEmbedded({
    dataDir,
    port: Number(port),
    log: (level, message, fields) =>
      process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`),
  });
  const ms = Math.round(performance.now() - began);
  const { url, version } = embedded;
  process.stdout.write(`${JSON.stringify({ ready: { pid: process.pid, url, version, ms } })}\n`);
  process.stdin.once("data", () => process.exit(3));
  process.stdin.once("end", () => {
    void embedded.stop().then(() => process.exit(0));
  });
} catch (error) {
  const reason = error instanceof EmbeddedError ? error.reason : undefined;
  process.stdout.write(`${JSON.stringify({ failed: { reason, message: String(error) } })}\n`);
  process.exitCode = 1;
}
