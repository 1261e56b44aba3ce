/** Numbers for Prometheus. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { content } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";

export const metrics = endpoint("GET /metrics", {
  id: "metrics",
  tag: "Operation",
  summary: "The numbers of this node, for Prometheus",
  description: "Families, their units and labels: `docs/metrics.md`.",
  access: needs("read", "node", { name: "metrics" }),
  answers: {
    200: content("Prometheus' text format.", "text/plain", { schema: z.string() }),
  },
});
