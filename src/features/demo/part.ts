/** Demo data behind a setting. */

import type { Hono } from "hono";
import { Failure } from "../../core/failure.ts";
import type { Part, Platform } from "../part.ts";
import { Demo } from "./demo.ts";
import { demoEndpoints, mountDemo, ownRequests } from "./http/routes.ts";

export interface DemoOptions {
  readonly isEnabled: boolean;
  /** Ids of emitters that have not ended, from this one on. */
  readonly emittersAfter: (id: string) => Promise<readonly string[]>;
}

export function openDemo(platform: Platform, { isEnabled, emittersAfter }: DemoOptions): Part {
  let mounted: Hono | undefined;
  const router = (): Hono => {
    if (mounted === undefined) throw new Failure("unavailable", "The gateway has not started yet");
    return mounted;
  };
  const demo = new Demo({
    ...platform,
    isEnabled,
    send: ownRequests(router),
    activeGuests: async (start) =>
      (await emittersAfter(start)).filter((id) => id.startsWith(start)),
  });
  return {
    name: "demo",
    http(app) {
      mountDemo(app, demo);
      mounted = app;
      demo.watch();
    },
    endpoints: demoEndpoints,
    close: () => demo.close(),
  };
}
