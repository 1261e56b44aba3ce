/** WebSockets in the document: OpenAPI knows only their handshake, `x-websocket` has the rest. */

import type { z } from "zod";
import type { Access } from "../../core/access/need.ts";
import { empty } from "./answer.ts";

export interface SocketMessage<Shape extends z.ZodType = z.ZodType> {
  readonly description: string;
  readonly shape: Shape;
  readonly example: z.input<Shape>;
}

/** What a client sends. */
export interface SocketRequest<Shape extends z.ZodType = z.ZodType> extends SocketMessage<Shape> {
  /** What it needs of the socket's caller; the handler of the message asks. */
  readonly access: Access;
}

export interface SocketMessages {
  readonly toServer: readonly SocketRequest[];
  readonly toClient: readonly SocketMessage[];
  readonly closeCodes: Readonly<Record<string, string>>;
}

export const switched = empty("The connection is a WebSocket from now on.");

export function message<Shape extends z.ZodType>(
  description: string,
  shape: Shape,
  example: z.input<Shape>,
): SocketMessage<Shape> {
  return { description, shape, example };
}

export function socketRequest<Shape extends z.ZodType>(
  description: string,
  access: Access,
  shape: Shape,
  example: z.input<Shape>,
): SocketRequest<Shape> {
  return { description, access, shape, example };
}
