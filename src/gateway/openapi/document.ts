/** The OpenAPI document of all HTTP endpoints. A test compares it with the routes. */

import type { Part } from "../../features/part.ts";
import { describeEndpoints } from "../../http/openapi/describe.ts";
import type { OpenApiDocument } from "../../http/openapi/model.ts";

const description = `Records come in, are made durable, are watched live and can be queried later.

**A position** says where you are in a stream. It is the same token in a page's \`next\` and \`prev\`, in an SSE \`id:\` and in a WebSocket message, so you can read a page and go on live without a gap.

**A problem** is \`application/problem+json\` (RFC 9457) with a stable \`code\`; where fields or records were refused, \`errors\` names each. A method that an address does not have is \`405\`, and \`Allow\` names those it has. \`429\` and \`503\` say in \`Retry-After\` when to retry.

**Access**: a gateway that has keys wants a credential, and \`x-sluice-grant\` says which grant it must have. Without one the answer is \`401\`, with one that is too narrow \`403\`, whether or not the thing exists. A gateway on loopback without any key is open to everybody.

**Numbers** are kept as you wrote them: records are never re-rendered, so a 64-bit integer stays exact.`;

export function openApiDocument(version: string, parts: readonly Part[]): OpenApiDocument {
  return {
    openapi: "3.1.1",
    info: {
      title: "Sluice",
      version,
      summary: "An edge gateway for event streams.",
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    // Relative to the document, so that it holds below any prefix of a proxy.
    servers: [{ url: "./", description: "This gateway" }],
    tags: [
      { name: "Emitters", description: "Created by PUT, each with its own stream." },
      { name: "Streams", description: "Server-sent events: for browsers, and for `curl -N`." },
      { name: "Topics", description: "Named, ordered, durable sequences of records." },
      { name: "Relations", description: "Tables that topics land in." },
      { name: "Ack rules", description: "One ack for each id that has been seen everywhere." },
      { name: "Lifecycles", description: "What happened to every message, and what did not." },
      { name: "Measurements", description: "Points of series: time, tag, values." },
      { name: "Registry", description: "Schemas as descriptor sets." },
      {
        name: "Confluent API",
        description: "The Confluent Schema Registry's, for its clients: the same schemas as text.",
      },
      { name: "Sockets", description: "WebSockets." },
      { name: "Access", description: "Callers of this gateway, and what they may do." },
      { name: "Operation", description: "Health, status and pages." },
    ],
    ...describeEndpoints(parts.flatMap(({ endpoints }) => endpoints ?? [])),
  };
}
