// The document's examples, sent to a real gateway as they stand: each is met, and each answer is
// what its schema says. What a reader tries first must work.

import { afterAll, expect, test } from "bun:test";
import type {
  MediaType,
  Method,
  OpenApiDocument,
  Operation,
  Schema,
} from "../../src/http/openapi/model.ts";
import { startGateway } from "../support/gateway.ts";
import { schemaValidator } from "../support/json-schema.ts";

const gateway = await startGateway({
  env: {
    SLUICE_RELATIONS: "data-samples/relations.json",
    SLUICE_DEMO: "1",
    // The first key would close an open gateway.
    SLUICE_ANONYMOUS_GRANTS: "read *, append *, manage *",
    // The key that the example of a session signs in with.
    SLUICE_ADMIN_KEY: "slk_3kf82hs0_cFk1nVJcOqm3vXhd1z3OZJw5kz7v8uJt0cWm3c2m1rE",
  },
});
afterAll(() => gateway.stop(), 30_000);

const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as OpenApiDocument;

/** Makers first, enders last; between them, in the order of the document. */
const order: readonly (readonly [Method, string])[] = [
  ["put", "/log"],
  ["put", "/log/{id}"],
  ["post", "/log/{id}"],
  ["get", "/log"],
  ["get", "/log/{id}"],
  ["get", "/v1/emitters/{id}"],
  ["put", "/v1/topics/{topic}"],
  ["post", "/v1/topics/{topic}/records"],
  ["get", "/v1/topics"],
  ["get", "/v1/activity"],
  ["post", "/v1/topics/{topic}/preview"],
  ["post", "/v1/topics/{topic}/copies"],
  ["get", "/v1/copies"],
  ["get", "/v1/copies/{copy}"],
  ["put", "/v1/copies/{copy}"],
  ["get", "/v1/topics/{topic}/about"],
  ["get", "/v1/topics/{topic}"],
  ["get", "/v1/topics/{topic}/records"],
  ["get", "/v1/topics/{topic}/records/{position}"],
  ["get", "/v1/topics/{topic}/records/{position}/value"],
  ["get", "/v1/topics/{topic}/export"],
  ["post", "/save"],
  ["get", "/api"],
  ["get", "/v1/series"],
  ["post", "/v1/series-recent"],
  ["get", "/v1/series/{tag}"],
  ["get", "/v1/samples"],
  ["get", "/v1/series/{tag}/export"],
  ["get", "/v1/measurements"],
  ["post", "/api/v2/write"],
  ["post", "/write"],
  ["get", "/ping"],
  ["get", "/health"],
  ["get", "/v1/relations"],
  ["get", "/v1/relations/{relation}/refusals"],
  ["put", "/v1/ack-rules/{name}"],
  ["post", "/v1/ack-rules/{name}/preview"],
  ["get", "/v1/ack-rules"],
  ["get", "/v1/ack-rules/{name}"],
  ["get", "/v1/ack-rules/{name}/stats"],
  ["get", "/v1/ack-rules/{name}/overdue"],
  ["get", "/v1/ack-rules/{name}/messages"],
  ["get", "/v1/ack-rules/{name}/combinations"],
  ["get", "/v1/ack-rules/{name}/figures"],
  ["get", "/v1/overdue"],
  ["get", "/v1/overdue/groups"],
  ["get", "/v1/overdue/export"],
  ["get", "/v1/ack-rules/{name}/messages/{id}"],
  ["delete", "/v1/ack-rules/{name}"],
  ["put", "/config"],
  ["get", "/config"],
  ["delete", "/config"],
  ["put", "/config/{subject}"],
  ["get", "/config/{subject}"],
  ["delete", "/config/{subject}"],
  ["put", "/mode"],
  ["get", "/mode"],
  ["put", "/mode/{subject}"],
  ["get", "/mode/{subject}"],
  ["delete", "/mode/{subject}"],
  ["post", "/subjects/{subject}/versions"],
  ["get", "/subjects/{subject}/versions"],
  ["get", "/subjects"],
  ["post", "/subjects/{subject}"],
  ["get", "/subjects/{subject}/versions/{version}"],
  ["get", "/subjects/{subject}/versions/{version}/schema"],
  ["get", "/subjects/{subject}/versions/{version}/referencedby"],
  ["post", "/compatibility/subjects/{subject}/versions"],
  ["post", "/compatibility/subjects/{subject}/versions/{version}"],
  ["get", "/schemas"],
  ["get", "/schemas/types"],
  ["get", "/schemas/ids/{id}"],
  ["get", "/schemas/ids/{id}/schema"],
  ["get", "/schemas/ids/{id}/versions"],
  ["get", "/schemas/ids/{id}/subjects"],
  ["get", "/schemas/guids/{guid}"],
  ["get", "/schemas/guids/{guid}/ids"],
  ["get", "/v1/schemas/{id}"],
  ["get", "/v1/schemas/by-name/{name}"],
  ["get", "/v1/subjects/{subject}/versions/{version}"],
  ["get", "/v1/registry/subjects"],
  ["post", "/v1/registry/check"],
  ["post", "/v1/registry/versions"],
  ["get", "/v1/registry/versions"],
  ["get", "/v1/registry/version"],
  ["get", "/v1/registry/changes"],
  ["get", "/v1/registry/references"],
  ["get", "/v1/registry/topics"],
  ["get", "/v1/registry/schemas/{id}"],
  ["get", "/v1/registry/schemas/{id}/topics"],
  ["get", "/v1/registry/schemas/{id}/template"],
  ["get", "/v1/topics/{topic}/schemas"],
  ["put", "/v1/registry/settings"],
  ["get", "/v1/registry/settings"],
  ["delete", "/subjects/{subject}/versions/{version}"],
  ["delete", "/subjects/{subject}"],
  ["delete", "/v1/registry/versions"],
  ["put", "/v1/apps/{app_id}"],
  ["get", "/v1/apps"],
  ["get", "/v1/apps/{app_id}"],
  ["get", "/v1/apps/{app_id}/missing"],
  ["get", "/v1/apps/{app_id}/states"],
  ["post", "/api/event"],
  ["post", "/api/create_event"],
  ["get", "/api/create_event"],
  ["post", "/api/event/bulk"],
  ["get", "/api/test_socket"],
  ["get", "/api/q/stats"],
  ["get", "/v1/messages/{message_id}"],
  ["get", "/v1/messages"],
  ["get", "/search/event/"],
  ["get", "/v1/funnel"],
  ["get", "/v1/me"],
  ["post", "/v1/tickets"],
  ["post", "/v1/session"],
  ["delete", "/v1/session"],
  ["get", "/login"],
  ["post", "/v1/keys"],
  ["get", "/v1/keys"],
  ["get", "/v1/keys/{key}"],
  ["delete", "/v1/keys/{key}"],
  ["get", "/v1/nodes"],
  ["get", "/v1/history"],
  ["get", "/v1/problems"],
  ["post", "/v1/demo"],
  ["get", "/v1/demo"],
  ["delete", "/v1/demo"],
  ["get", "/status"],
  ["get", "/metrics"],
  ["get", "/livez"],
  ["get", "/readyz"],
  ["get", "/"],
  ["get", "/livedoc"],
  ["get", "/openapi.json"],
  ["get", "/ui"],
  ["delete", "/log/{id}"],
  ["delete", "/v1/topics/{topic}"],
];

test("every operation that ends by itself is tried", () => {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    (["get", "put", "post", "delete"] as const)
      .filter((method) => item[method] !== undefined && item[method]["x-endless"] !== true)
      .map((method) => `${method} ${path}`),
  );
  expect(order.map(([method, path]) => `${method} ${path}`).toSorted()).toEqual(all.toSorted());
});

for (const [method, path] of order) {
  const operation = document.paths[path]?.[method];
  if (operation === undefined) continue;
  test(`${method.toUpperCase()} ${path}`, async () => {
    for (const [at, body] of bodies(operation).entries()) {
      // Another configuration of an emitter wants another id; the first is the documented one.
      const id = method === "put" && at > 0 ? `web-1.${at}` : undefined;
      await send(method, path, operation, { body, id });
    }
  });
}

// Cache busters (`?_=1`) are refused as well: answers say on their own how long they may be kept.
test("a parameter that is not documented is refused, wherever it is", async () => {
  // A page may be linked to with anything, and Confluent's clients send what later releases have.
  const isLenient = ({ tags, responses }: Operation) =>
    tags.includes("Confluent API") || JSON.stringify(responses).includes('"text/html"');
  const answers: (readonly [address: string, status: number, detail: string])[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of ["get", "put", "post", "delete"] as const) {
      const operation = item[method];
      if (operation === undefined || isLenient(operation)) continue;
      const url = `${gateway.url}${path.replaceAll(/\{\w+\}/g, "x")}?_=1`;
      const response = await fetch(url, { method: method.toUpperCase(), redirect: "manual" });
      answers.push([`${method} ${path}`, response.status, await response.text()]);
    }
  }
  expect(answers.length).toBeGreaterThan(60);
  const wrong = answers.filter(
    ([, status, text]) => status !== 400 || !text.includes("there is no such parameter, expected"),
  );
  expect(wrong).toEqual([]);
});

test("a refused request is answered with a problem as documented", async () => {
  const response = await fetch(`${gateway.url}/log/web-1?limit=0`);
  expect(response.status).toBe(400);
  const text = await response.text();
  expect(text).toEndWith("}\n");
  checkBody("application/problem+json", { $ref: "#/components/schemas/Problem" }, JSON.parse(text));
});

interface Body {
  readonly type: string;
  readonly text: string;
}

function bodies({ requestBody }: Operation): (Body | undefined)[] {
  if (requestBody === undefined) return [undefined];
  const given = Object.entries(requestBody.content).flatMap(([type, media]) =>
    examplesOf(media).map((value) => ({
      type,
      text: typeof value === "string" ? value : JSON.stringify(value),
    })),
  );
  return requestBody.required === true ? given : [undefined, ...given];
}

function examplesOf({ example, examples }: MediaType): unknown[] {
  const named = Object.values(examples ?? {}).map(({ value }) => value);
  return example === undefined ? named : [example, ...named];
}

async function send(
  method: Method,
  path: string,
  operation: Operation,
  { body, id }: { readonly body: Body | undefined; readonly id: string | undefined },
) {
  const position = path.includes("{position}") ? await newestPosition() : undefined;
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "position" && position !== undefined) return position;
    return String(name === "id" && id !== undefined ? id : exampleOf(path, operation, name));
  });
  const response = await fetch(gateway.url + address + queryOf(operation), {
    method: method.toUpperCase(),
    redirect: "manual",
    ...(body === undefined ? {} : { body: body.text, headers: { "content-type": body.type } }),
  });
  const text = await response.text();
  expect(response.status < 400 ? "" : text).toBe("");
  const documented = operation.responses[String(response.status)];
  if (documented === undefined || "$ref" in documented) {
    throw new Error(`${method} ${path} answers ${response.status}: the document does not say so`);
  }
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  const media = documented.content?.[type];
  if (documented.content === undefined) return;
  expect(Object.keys(documented.content)).toContain(type);
  if (/[/+]json$/.test(type) && media !== undefined) {
    // A shell's prompt starts on its own line.
    expect(text).toEndWith("\n");
    checkBody(type, media.schema, JSON.parse(text));
  }
}

/** Of the topic that the examples append to: positions differ from run to run. */
async function newestPosition(): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/topics/orders`);
  return ((await response.json()) as { readonly end: string }).end;
}

/** What a query has to have. */
function queryOf({ parameters = [] }: Operation): string {
  const query = new URLSearchParams();
  for (const given of parameters) {
    if (given.in !== "query" || given.required !== true) continue;
    query.set(given.name, JSON.stringify(given.example).replaceAll('"', ""));
  }
  return query.size === 0 ? "" : `?${query}`;
}

function exampleOf(path: string, { parameters = [] }: Operation, name: string): unknown {
  const found = parameters.find((parameter) => parameter.name === name);
  if (found !== undefined) return found.example;
  throw new Error(`${path} has no example of ${name}`);
}

function checkBody(what: string, schema: Schema, body: unknown): void {
  const allows = schemaValidator(schema, document.components);
  expect({ what, problems: allows(body) ? "" : allows.problems() }).toEqual({ what, problems: "" });
}
