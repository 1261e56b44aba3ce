/** WebSockets in the document: OpenAPI knows only their handshake, `x-websocket` has the rest. */

import type { z } from "zod";
import { empty } from "./answer.ts";

export interface SocketMessage<Shape extends z.ZodType = z.ZodType> {
  readonly description: string;
  readonly shape: Shape;
  readonly example: z.input<Shape>;
}

export interface SocketMessages {
  readonly toServer: readonly SocketMessage[];
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
