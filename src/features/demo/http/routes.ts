/** Demo data: started, stopped; and how the simulators reach the gateway's own addresses. */

import type { Hono } from "hono";
import { z } from "zod";
import { Failure, failureCodes } from "../../../core/failure.ts";
import { needs } from "../../../http/access.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { endpoint, reply, serve } from "../../../http/endpoint/endpoint.ts";
import type { Demo, DemoDeps } from "../demo.ts";

const tag = "Operation";
const access = needs("manage", "node", { name: "demo" });

const demoShape = z
  .object({
    enabled: z.boolean().describe("Whether the settings allow demo data: `SLUICE_DEMO`"),
    running: z.boolean(),
  })
  .meta({ id: "Demo" });

const readDemo = endpoint("GET /v1/demo", {
  id: "readDemo",
  tag,
  summary: "Whether simulators run",
  access,
  answers: { 200: json("Demo data.", demoShape, { enabled: true, running: false }) },
  problems: [503],
});

const startDemo = endpoint("POST /v1/demo", {
  id: "startDemo",
  tag,
  summary: "Start simulators",
  description:
    "Topics `demo-…`, guests, lifecycles, measurements, an ack rule and a topic with a schema, at bounded rates. One node sends.",
  access,
  answers: { 200: json("They run.", demoShape, { enabled: true, running: true }) },
  problems: [403, 429, 503],
});

const stopDemo = endpoint("DELETE /v1/demo", {
  id: "stopDemo",
  tag,
  summary: "Stop simulators",
  description:
    "Their guests end and their rule is removed; records stay for as long as their topics keep them.",
  access,
  answers: { 200: json("They do not run.", demoShape, { enabled: true, running: false }) },
  problems: [403, 503],
});

export const demoEndpoints = [readDemo, startDemo, stopDemo];

export function mountDemo(app: Hono, demo: Demo): void {
  const answer = async () => ({ enabled: demo.isEnabled, running: await demo.isRunning() });
  serve(app, readDemo, async () => reply(readDemo, 200, await answer()));
  serve(app, startDemo, async () => {
    await demo.start();
    return reply(startDemo, 200, await answer());
  });
  serve(app, stopDemo, async () => {
    await demo.stop();
    return reply(stopDemo, 200, await answer());
  });
}

/** What the gateway itself sends has every right: the caller who starts it needs the one to manage it. */
export function ownRequests(app: () => Hono): DemoDeps["send"] {
  return async ({ method, path, body, headers }) => {
    const request = new Request(`http://gateway.internal${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const response = await app().fetch(request);
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    const problem = z
      .object({ code: z.enum(failureCodes).catch("internal"), detail: z.string().catch("") })
      .catch({ code: "internal", detail: `${method} ${path}: ${response.status}` })
      .parse(answer);
    throw new Failure(problem.code, problem.detail);
  };
}
