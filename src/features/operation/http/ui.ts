/** `/ui`: the dashboard. Its browser code is in `src/ui/`. */

import type { Hono } from "hono";
import { shippedFile } from "../../../core/build.ts";
import { mountPage, styleType, uiFile, uiScript } from "../../../http/assets.ts";
import type { HttpDeps } from "../../../http/deps.ts";

export function mountUi(app: Hono, { host }: Pick<HttpDeps, "host">): void {
  mountPage(app, {
    path: "/ui",
    html: shippedFile("src/ui/dashboard/page.html"),
    files: {
      "icon.svg": uiFile("icon.svg", "image/svg+xml"),
      "shared.css": uiFile("shared.css", styleType),
      "dashboard.css": uiFile("dashboard/page.css", styleType),
      "dashboard.js": uiScript(host, "dashboard"),
    },
  });
}
