// Builds the image, and tests it and compose.yml in real containers: `bun run containers`.
//
//   bun run containers           stand-ins of base images where they are missing, the image, all tests
//   bun run containers image     stops after the image
//   bun run containers compose   tests compose.yml alone
//
// It needs root, and Debian's podman, buildah, runc, debootstrap, netavark, aardvark-dns and iptables. The first run
// fetches Debian; later ones take a few minutes.

import { ensureComposeImages } from "./containers/compose-images.ts";
import { openEngine } from "./containers/engine.ts";
import { buildImage } from "./containers/image.ts";
import { ensureInstalled, root } from "./install.ts";

const [only] = process.argv.slice(2);

try {
  await ensureInstalled("full");
  const engine = await openEngine();
  process.stdout.write(`${await buildImage(engine, "gateway")}\n`);
  const tests: string[] = [];
  if (only === undefined) {
    process.stdout.write(`${await buildImage(engine, "standalone")}\n`);
    tests.push("./test/containers/image.ts");
  }
  if (only !== "image") {
    await ensureComposeImages(engine);
    tests.push("./test/containers/compose.ts");
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
