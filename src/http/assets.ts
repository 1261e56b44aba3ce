/**
 * Pages and the files that they load, from this server alone. Each file is read and compressed
 * once; pages name it with its hash, so that browsers may keep it permanently, and relative to their
 * own address, so that they work below any prefix of a proxy.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context, Hono } from "hono";
import { isBuilt, shippedFile } from "../core/build.ts";
import { Failure, quoted } from "../core/failure.ts";
import type { Host, Modules } from "../core/host.ts";

export interface Page {
  /** Its address; its files are below `<path>/assets/`. */
  readonly path: string;
  readonly html: URL;
  readonly files: Readonly<Record<string, File>>;
  /** Its scripts; they are among its files. The page names the first one `<name>.js`. */
  readonly modules: () => Promise<Modules>;
  /** Whether all addresses below its own show it as well, except for its files. */
  readonly hasRoutes?: boolean;
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
  const files = new Map(
    Object.entries(page.files).map(([name, file]) => [name, once(() => loadAsset(file))]),
  );
  const modules = once(() => loadModules(page));
  const find = async (name: string) =>
    await (files.get(name)?.() ?? (await modules()).files.get(name));
  const html = once(async () => await namedHtml(page, find, (await modules()).entry));
  const pages = new Map<string, () => Promise<Asset>>();
  const policy = Object.entries({ ...policyDefault, ...page.policy })
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");

  const show = async (c: Context) => {
    const up = upFrom(c.req.path);
    let load = pages.get(up);
    if (load === undefined) {
      load = once(async () => await relativeHtml(await html(), up));
      // The bound of an address is that of its length; these are the depths that pages have.
      if (pages.size < depthsKept) pages.set(up, load);
    }
    return assetResponse(c.req.raw, await load(), {
      "cache-control": "no-cache",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
    });
  };
  app.get(page.path, show);
  app.get(`${page.path}/assets/:name`, async (c) => {
    const name = c.req.param("name");
    const asset = await find(name);
    if (asset === undefined) throw new Failure("not_found", `There is no file ${quoted(name)}`);
    const isKept = c.req.query("v") === asset.hash || isNamedByContent(name);
    return assetResponse(c.req.raw, asset, {
      "cache-control": isKept ? "public, max-age=31536000, immutable" : "no-cache",
    });
  });
  if (page.hasRoutes === true) app.get(`${page.path}/*`, show);
}

const depthsKept = 8;

async function loadModules({ modules }: Page) {
  const { entry, files } = await modules();
  const loaded = [...files].map(async ([name, bytes]) => {
    const asset = await loadAsset({ type: scriptType, read: () => Promise.resolve(bytes) });
    return [name, asset] as const;
  });
  return { entry, files: new Map(await Promise.all(loaded)) };
}

/** Modules import each other without a query, so they carry the hash in their names. */
function isNamedByContent(name: string): boolean {
  return /-[0-9a-z]{8}\.js$/.test(name);
}

/** The page with the hashes of the files that it names, which are absolute here. */
async function namedHtml(
  page: Page,
  find: (name: string) => Promise<Asset | undefined>,
  entry: string,
): Promise<string> {
  const unnamed = await readFile(page.html, "utf8");
  const text = unnamed.replaceAll(scriptPattern, (_, folder: string) => `"${folder}${entry}"`);
  const named = new Map<string, string>();
  for (const [, address = "", name = ""] of text.matchAll(assetPattern)) {
    const asset = await find(name);
    if (asset === undefined) {
      throw new Error(`${page.html.pathname} names ${address}: no such file`);
    }
    named.set(address, isNamedByContent(name) ? address : `${address}?v=${asset.hash}`);
  }
  return text.replaceAll(
    assetPattern,
    (_, address: string) => `"${named.get(address) ?? address}"`,
  );
}

const scriptPattern = /"([^"]+\/assets\/)[a-z]+\.js"/g;
const assetPattern = /"([^"]+\/assets\/([^"/]+))"/g;

async function relativeHtml(html: string, up: string): Promise<Asset> {
  const relative = html.replaceAll(/(?<= (?:href|src)=")\//g, up);
  const read = () => Promise.resolve(new TextEncoder().encode(relative));
  return await loadAsset({ type: "text/html; charset=utf-8", read });
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

/** Files of `src/ui/` as one, in this order. */
export function uiStyles(names: readonly string[]): File {
  const urls = names.map((name) => shippedFile(`src/ui/${name}`));
  return {
    type: styleType,
    read: async () => Buffer.concat(await Promise.all(urls.map((url) => readFile(url)))),
  };
}

/** The modules of a page in `src/ui/`, bundled now, or ahead by `bun scripts/build-ui.ts` where that is not possible. */
export function uiModules(host: Host, name: string): () => Promise<Modules> {
  const entry = shippedFile(`src/ui/${name}/main.tsx`);
  const built = (file: string) => readFile(shippedFile(`dist/ui/${file}`));
  return async () => {
    if (host.bundle !== undefined && !isBuilt) {
      return await host.bundle(decodeURIComponent(entry.pathname), name);
    }
    try {
      const list = JSON.parse(String(await built(`${name}.json`))) as readonly string[];
      const read = list.map(async (file) => [file, new Uint8Array(await built(file))] as const);
      return { entry: list[0] ?? "", files: new Map(await Promise.all(read)) };
    } catch (error) {
      const message = `Cannot show this page: dist/ui/${name}.json is not there, make it with "bun scripts/build-ui.ts"`;
      throw new Failure("unavailable", message, { cause: error });
    }
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
  return { type, hash, bytes, gzipped: new Uint8Array(await promisify(gzip)(bytes, { level: 9 })) };
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
