/**
 * Pages and the files that they load, from this server alone. Each file is read and compressed
 * once; pages name it with its hash, so that browsers may keep it permanently, and relative to their
 * own address, so that they work below any prefix of a proxy.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Hono } from "hono";
import { isBuilt, shippedFile } from "../core/build.ts";
import { Failure, quoted } from "../core/failure.ts";
import type { Host } from "../core/host.ts";

export interface Page {
  /** Its address; its files are below `<path>/assets/`. */
  readonly path: string;
  readonly html: URL;
  readonly files: Readonly<Record<string, File>>;
  /** Policies beyond its own scripts and styles. */
  readonly policy?: Readonly<Record<string, string>>;
}

export interface File {
  readonly type: string;
  readonly read: () => Promise<Uint8Array>;
}

/** Nothing from other hosts, nothing inline, and in no frame. */
const policyDefault = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self' data:",
  "connect-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

export function mountPage(app: Hono, page: Page): void {
  const assets = new Map(
    Object.entries(page.files).map(([name, file]) => [name, once(() => loadAsset(file))]),
  );
  const html = once(async () => {
    const text = await readFile(page.html, "utf8");
    const hashes = new Map(
      await Promise.all(
        [...assets].map(async ([name, load]) => [name, (await load()).hash] as const),
      ),
    );
    const named = text.replaceAll(
      /"([^"]+\/assets\/([^"/]+))"/g,
      (_, address: string, name: string) => {
        const hash = hashes.get(name);
        if (hash === undefined) {
          throw new Error(`${page.html.pathname} names ${address}: no such file`);
        }
        return `"${address}?v=${hash}"`;
      },
    );
    const relative = named.replaceAll(/(?<= (?:href|src)=")\//g, upFrom(page.path));
    const read = async () => new TextEncoder().encode(relative);
    return await loadAsset({ type: "text/html; charset=utf-8", read });
  });
  const policy = Object.entries({ ...policyDefault, ...page.policy })
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");

  app.get(page.path, async (c) =>
    assetResponse(c.req.raw, await html(), {
      "cache-control": "no-cache",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
    }),
  );
  app.get(`${page.path}/assets/:name`, async (c) => {
    const name = c.req.param("name");
    const load = assets.get(name);
    if (load === undefined) {
      throw new Failure("not_found", `There is no file ${quoted(name)}`);
    }
    const asset = await load();
    const kept = c.req.query("v") === asset.hash;
    return assetResponse(c.req.raw, asset, {
      "cache-control": kept ? "public, max-age=31536000, immutable" : "no-cache",
    });
  });
}

/** From an address to the root of the gateway: `./` from `/ui`, `../` from `/ui/topics`. */
function upFrom(path: string): string {
  const depth = path.split("/").length - 2;
  return depth === 0 ? "./" : "../".repeat(depth);
}

/** A file of `src/ui/`, as it is. */
export function uiFile(name: string, type: string): File {
  const url = shippedFile(`src/ui/${name}`);
  return { type, read: () => readFile(url) };
}

/** A script of `src/ui/`, bundled now, or ahead by `bun scripts/build-ui.ts` where that is not possible. */
export function uiScript(host: Host, name: string): File {
  const entry = shippedFile(`src/ui/${name}/main.tsx`);
  const built = shippedFile(`dist/ui/${name}.js`);
  return {
    type: scriptType,
    async read() {
      if (host.bundle !== undefined && !isBuilt) {
        return await host.bundle(decodeURIComponent(entry.pathname));
      }
      try {
        return await readFile(built);
      } catch (error) {
        const message = `Cannot show this page: dist/ui/${name}.js is not there, make it with "bun scripts/build-ui.ts"`;
        throw new Failure("unavailable", message, { cause: error });
      }
    },
  };
}

export const scriptType = "text/javascript; charset=utf-8";
export const styleType = "text/css; charset=utf-8";

export interface Asset {
  readonly type: string;
  readonly hash: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

export async function loadAsset({ type, read }: File): Promise<Asset> {
  const bytes = new Uint8Array(await read());
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 16);
  return { type, hash, bytes, gzipped: new Uint8Array(await promisify(gzip)(bytes)) };
}

/** The asset, compressed where that is taken, or 304. */
export function assetResponse(
  request: Request,
  asset: Asset,
  own: Record<string, string>,
): Response {
  // Weak, because the compressed and the plain form share it.
  const etag = `W/"${asset.hash}"`;
  const headers: Record<string, string> = {
    etag,
    vary: "accept-encoding",
    "x-content-type-options": "nosniff",
    ...own,
  };
  const known = request.headers.get("if-none-match")?.split(",") ?? [];
  if (known.some((one) => one.trim() === etag)) return new Response(null, { status: 304, headers });
  headers["content-type"] = asset.type;
  const zipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (zipped) headers["content-encoding"] = "gzip";
  return new Response(zipped ? asset.gzipped : asset.bytes, { headers });
}

/** Loads at the first call; after a failure, at the next. */
export function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
