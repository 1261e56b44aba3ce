/** `/ui`: the dashboard. Its browser code is in `src/ui/`. */

import type { Hono } from "hono";
import { shippedFile } from "../../../core/build.ts";
import { mountPage, styleType, uiFile, uiModules, uiStyles } from "../../../http/assets.ts";
import type { HttpDeps } from "../../../http/deps.ts";

/** In `src/ui/dashboard/`; what comes later counts more. */
const styles = [
  "kit/kit.css",
  "kit/plot/plot.css",
  "shell/shell.css",
  "areas/messages/messages.css",
  "areas/overview/overview.css",
  "areas/topics/topics.css",
  "areas/records/records.css",
  "areas/series/series.css",
  "areas/schemas/schemas.css",
  "areas/streams/streams.css",
  "areas/rules/rules.css",
  "areas/access/access.css",
  "areas/api/api.css",
  "areas/find/find.css",
];

export function mountUi(app: Hono, { host }: Pick<HttpDeps, "host">): void {
  mountPage(app, {
    path: "/ui",
    html: shippedFile("src/ui/dashboard/page.html"),
    files: {
      "icon.svg": uiFile("icon.svg", "image/svg+xml"),
      "shared.css": uiFile("shared.css", styleType),
      "dashboard.css": uiStyles(styles.map((name) => `dashboard/${name}`)),
    },
    modules: uiModules(host, "dashboard"),
    hasRoutes: true,
  });
}
