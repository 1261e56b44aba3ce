// Each parameter is described by a schema and read by a parser: what the gateway takes, the document
// allows, and what the document allows, the gateway takes.

import { describe, expect, test } from "bun:test";
import addFormats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";
import { withParts } from "../../../test/support/parts.ts";
import type { Method, Schema } from "../../http/openapi/model.ts";
import { openApiDocument } from "./document.ts";

const { endpoints, document } = await withParts(({ parts }) => ({
  endpoints: parts.flatMap(({ endpoints }) => endpoints ?? []),
  document: openApiDocument("1.2.3", parts),
}));

const texts = [
  ...[
    "",
    "0",
    "1",
    "7",
    "1000",
    "1001",
    "10001",
    "-1",
    "1e2",
    "1.5",
    " 1",
    "0x1",
    "1795255927184000000",
  ],
  ...["true", "false", "TRUE", "json", "last", "none", "null", "csv", "open", "earliest", "latest"],
  ...[
    "0,2",
    "0,",
    "90s",
    "-90s",
    "-1h",
    "avg",
    "5x",
    "ns",
    "gzip",
    "abc",
    "a b",
    "äöü",
    "a/b",
    "#",
  ],
  ...["8mi8wtfaq-23a", "8mi8wtfaq", "2026-11-21T10:00:00Z", "2026-11-21"],
  ...["x".repeat(64), "x".repeat(65), "x".repeat(201), "x".repeat(257)],
];

/** `Bodies` reads the one, and the registry has no subject of another name. */
const readElsewhere = new Set(["Content-Encoding", "subject"]);
/** Tokens of earlier answers: only the gateway knows which it gave. */
const tokens = new Set(["after", "before", "position", "holds", "Last-Event-ID", "lastEventId"]);

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
ajv.addSchema({ $id: "document", components: document.components });

const all = endpoints.flatMap((endpoint) => {
  const { method, path, params, query, headers } = endpoint;
  const { parameters = [] } = document.paths[path]?.[method.toLowerCase() as Method] ?? {};
  return parameters.map(({ name, in: place, schema }) => ({
    id: `${method} ${path} ${name}`,
    isLenient: endpoint.tag === "Confluent API",
    name,
    place,
    schema,
    parse: { path: params, query, header: headers }[place][name]?.parse,
  }));
});

describe("what is taken is documented:", () => {
  // The Confluent API is as lenient as the registry whose clients use it.
  for (const { id, name, schema, parse } of all.filter(({ isLenient }) => !isLenient)) {
    if (readElsewhere.has(name)) continue;
    test(id, () => {
      const allows = validator(schema);
      // An empty text is what some clients send in place of a parameter left out.
      const given = texts.filter((text) => text !== "");
      expect(given.filter((text) => taken(parse, text) && !allows(text))).toEqual([]);
    });
  }
});

describe("what is documented is taken:", () => {
  for (const { id, name, schema, parse } of all.filter(({ name }) => !tokens.has(name))) {
    test(id, () => {
      const allows = validator(schema);
      const refused = texts.filter((text) => allows(text) && !taken(parse, text));
      expect({ name, refused }).toEqual({ name, refused: [] });
    });
  }
});

function taken(parse: ((text: string, field: string) => unknown) | undefined, text: string) {
  try {
    parse?.(text, "name");
    return true;
  } catch {
    return false;
  }
}

/** A parameter's text as JSON, by the type that its schema has. */
function validator(schema: Schema): (text: string) => boolean {
  const local = JSON.stringify(schema).replaceAll("#/components/", "document#/components/");
  const validate = ajv.compile(JSON.parse(local));
  return (text) => validate(valueOf(text, schema["type"]));
}

function valueOf(text: string, type: unknown): unknown {
  if (type === "boolean" && /^(?:true|false)$/.test(text)) return text === "true";
  return type === "integer" && /^-?\d+$/.test(text) ? Number(text) : text;
}
