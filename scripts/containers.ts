// Builds the image, and tests it in real containers: `bun run containers`.
//
//   bun run containers           stand-ins of base images where they are missing, the image, the tests
//   bun run containers image     stops after the image
//
// It needs root, and Debian's podman, buildah, runc, debootstrap, netavark, aardvark-dns and iptables. The first run
// fetches Debian; later ones take about a minute.

import { openEngine } from "./containers/engine.ts";
import { buildImage } from "./containers/image.ts";
import { ensureInstalled, root } from "./install.ts";

try {
  await ensureInstalled("full");
  const engine = await openEngine();
  process.stdout.write(`${await buildImage(engine, "gateway")}\n`);
  if (process.argv[2] !== "image") {
    process.stdout.write(`${await buildImage(engine, "standalone")}\n`);
    const tests = ["./test/containers/image.ts"];
    const { exited } = Bun.spawn([process.execPath, "test", "--timeout=120000", ...tests], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    });
    process.exit(await exited);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
