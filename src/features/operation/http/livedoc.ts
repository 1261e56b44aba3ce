/**
 * `/livedoc`: the API documentation with try-it, and `/openapi.json` that it shows. Swagger UI
 * draws it: two packages of 13 MB, where the others that are maintained bring a hundred and more.
 */

import { readFile } from "node:fs/promises";
import type { Hono } from "hono";
import { build, packageFile, shippedFile } from "../../../core/build.ts";
import {
  assetResponse,
  type File,
  loadAsset,
  mountPage,
  once,
  scriptType,
  styleType,
  uiFile,
  uiModules,
} from "../../../http/assets.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import type { OpenApiDocument } from "../../../http/openapi/model.ts";
import { home, openapi } from "./endpoints.ts";

export interface LivedocDeps extends Pick<HttpDeps, "host"> {
  readonly document: (version: string) => OpenApiDocument;
}

export function mountLivedoc(app: Hono, { host, document }: LivedocDeps): void {
  const file = once(() =>
    loadAsset({
      type: "application/json",
      read: async () => new TextEncoder().encode(`${JSON.stringify(document(build.version))}\n`),
    }),
  );
  // Relative, so that it holds below any prefix of a proxy.
  serve(app, home, (_, c) => c.redirect("./livedoc"));
  serve(app, openapi, async (_, c) =>
    assetResponse(c.req.raw, await file(), {
      "cache-control": "no-cache",
      // The document is public: tools of other hosts may read it.
      "access-control-allow-origin": "*",
    }),
  );
  mountPage(app, {
    path: "/livedoc",
    html: shippedFile("src/ui/livedoc/page.html"),
    files: {
      "icon.svg": uiFile("icon.svg", "image/svg+xml"),
      "shared.css": uiFile("shared.css", styleType),
      "swagger-ui.css": swaggerFile("swagger-ui.css", styleType),
      "swagger-ui-bundle.js": swaggerFile("swagger-ui-bundle.js", scriptType),
      "livedoc.css": uiFile("livedoc/page.css", styleType),
      "reference.css": uiFile("livedoc/reference.css", styleType),
    },
    modules: uiModules(host, "livedoc"),
  });
}

function swaggerFile(name: string, type: string): File {
  const url = packageFile(`swagger-ui-dist/${name}`);
  return { type, read: () => readFile(url) };
}
