/** `/login`: takes a key, and opens a session with it. */

import type { Hono } from "hono";
import { shippedFile } from "../../../core/build.ts";
import { mountPage, styleType, uiFile, uiModules } from "../../../http/assets.ts";
import type { HttpDeps } from "../../../http/deps.ts";

export type LoginDeps = Pick<HttpDeps, "host">;

export function mountLogin(app: Hono, { host }: LoginDeps): void {
  mountPage(app, {
    path: "/login",
    html: shippedFile("src/ui/login/page.html"),
    files: {
      "icon.svg": uiFile("icon.svg", "image/svg+xml"),
      "shared.css": uiFile("shared.css", styleType),
      "login.css": uiFile("login/page.css", styleType),
    },
    modules: uiModules(host, "login"),
  });
}
