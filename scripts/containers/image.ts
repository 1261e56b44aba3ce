// Builds Sluice's image from the Dockerfile.

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { buildFacts } from "../build/commit.ts";
import { root } from "../install.ts";
import type { Engine } from "./engine.ts";
import { ensureBaseImages } from "./stand-ins.ts";

export type ImageTarget = "gateway" | "standalone";

/** The name that compose.yml uses for what the Dockerfile makes. */
export const sluiceImage = (target: ImageTarget) =>
  target === "gateway" ? "localhost/sluice:latest" : `localhost/sluice:${target}`;

/** Returns the image's name. */
export async function buildImage(engine: Engine, target: ImageTarget = "gateway"): Promise<string> {
  await ensureBaseImages(engine);
  const image = sluiceImage(target);
  const { commit = "" } = await buildFacts();
  const { version } = (await Bun.file(join(root, "package.json")).json()) as { version: string };
  await engine.build(
    ...["--pull=never", "--target", target, "--tag", image],
    ...["--build-arg", `VERSION=${version}`, "--build-arg", `COMMIT=${commit}`],
    ...cachedPackages(),
    root,
  );
  return image;
}

/** What this machine has fetched already need not be fetched again. */
function cachedPackages(): readonly string[] {
  const cache = join(homedir(), ".bun/install/cache");
  return existsSync(cache) ? ["--volume", `${cache}:/root/.bun/install/cache`] : [];
}
