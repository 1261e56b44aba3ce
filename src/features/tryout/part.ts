/** Endpoints to try a client with: `/magic`, `/time` and `WS /echo`. */

import type { Part, Platform } from "../part.ts";
import { mountEcho } from "./http/echo.ts";
import { tryoutEndpoints } from "./http/endpoints.ts";
import { mountTickers } from "./http/tickers.ts";

export function openTryout(platform: Platform): Part {
  return {
    name: "tryout",
    http(app) {
      mountTickers(app, platform);
      mountEcho(app, platform);
    },
    endpoints: tryoutEndpoints,
  };
}
