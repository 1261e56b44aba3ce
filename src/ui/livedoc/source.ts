/** The sources that the panel can watch, each with the same few actions. */

import { Live } from "../live.ts";
import { SocketSource } from "./socket-source.ts";
import type { Source, SourceView } from "./source-view.ts";

export interface SourceInfo {
  readonly label: string;
  readonly socket: boolean;
  readonly byEmitter: boolean;
  readonly hint: string;
  /** A first message that does something. */
  readonly example: (emitter: string) => string;
}

const none = () => "";

export const sources = {
  "/magic": {
    label: "SSE /magic: magic numbers",
    socket: false,
    byEmitter: false,
    hint: "Four events a second.",
    example: none,
  },
  "/time": {
    label: "SSE /time: the clock",
    socket: false,
    byEmitter: false,
    hint: "Four events a second.",
    example: none,
  },
  "/sse/log": {
    label: "SSE /sse/log/{id}: an emitter",
    socket: false,
    byEmitter: true,
    hint: "Create an emitter, or name an existing one: shows its newest events, then new ones.",
    example: none,
  },
  "/echo": {
    label: "WS /echo: what you send",
    socket: true,
    byEmitter: false,
    hint: "Watch, then send a text: the gateway sends it back.",
    example: () => "hello",
  },
  "/v1/ws": {
    label: "WS /v1/ws: subscribe and publish",
    socket: true,
    byEmitter: true,
    hint: "Watch, then send the message above; its description is under Sockets below.",
    example: (emitter: string) => JSON.stringify({ op: "subscribe", emitter, tail: 10 }),
  },
} as const satisfies Readonly<Record<string, SourceInfo>>;

export type SourceName = keyof typeof sources;

const tail = 20;

export function openSource(
  name: SourceName,
  emitter: string,
  onChange: (view: SourceView) => void,
): Source {
  if (sources[name].socket) return new SocketSource(name, onChange);
  const address =
    name === "/sse/log" ? `/sse/log/${encodeURIComponent(emitter)}?tail=${tail}` : name;
  const live = new Live(address, { events: [], older: false, after: undefined }, onChange);
  return {
    pause: () => live.pause(),
    resume: () => live.resume(),
    // Closes and reopens after the last position, as after a lost connection.
    reconnect: () => {
      live.pause();
      live.resume();
    },
    send: () => undefined,
    close: () => live.close(),
  };
}
