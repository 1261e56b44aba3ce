/** The parts of OpenAPI 3.1.1 that Sluice's document uses, as plain data. */

/** JSON Schema 2020-12, as zod renders it. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Reference {
  readonly $ref: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Schema;
  readonly example?: string | number;
}

export interface Example {
  readonly summary?: string;
  readonly value: unknown;
}

export interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, Example>>;
}

export type Content = Readonly<Record<string, MediaType>>;

export interface RequestBody {
  readonly description?: string;
  readonly required?: boolean;
  readonly content: Content;
}

export interface Header {
  readonly description: string;
  readonly schema: Schema;
}

export interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content?: Content;
}

export type Responses = Readonly<Record<string, ResponseObject | Reference>>;

export type SecurityScheme =
  | { readonly type: "http"; readonly scheme: "bearer" | "basic"; readonly description: string }
  | {
      readonly type: "apiKey";
      readonly in: "cookie" | "query";
      readonly name: string;
      readonly description: string;
    };

/** By the name of a scheme. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: RequestBody;
  readonly responses: Responses;
  /** One of these shows who calls; none: nobody needs to. */
  readonly security: readonly SecurityRequirement[];
  /** What the caller needs, as an API key has it. */
  readonly "x-sluice-grant"?: string;
  /** Its answer does not end on its own: a page that waits for the whole of it waits forever. */
  readonly "x-endless"?: true;
  readonly "x-websocket"?: WebSocketDescription;
}

/** The messages of a socket after its handshake, which OpenAPI cannot describe. */
export interface WebSocketDescription {
  readonly toServer: readonly SocketRequest[];
  readonly toClient: readonly SocketMessage[];
  readonly closeCodes: Readonly<Record<string, string>>;
}

export interface SocketMessage {
  readonly description: string;
  readonly schema: Schema;
  readonly example: unknown;
}

/** What a client sends. */
export interface SocketRequest extends SocketMessage {
  readonly "x-sluice-grant"?: string;
}

export const methods = ["get", "put", "post", "delete"] as const;
export type Method = (typeof methods)[number];

export type PathItem = Readonly<{ [method in Method]?: Operation }>;

export type Paths = Readonly<Record<string, PathItem>>;

export interface Tag {
  readonly name: string;
  readonly description: string;
}

export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly Tag[];
  readonly paths: Paths;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
    readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  };
}
