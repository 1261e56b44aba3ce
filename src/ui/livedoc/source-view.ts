/** The panel's actions on a source, and its view of one. */

import type { LiveView } from "../live.ts";

export interface Source {
  pause(): void;
  resume(): void;
  reconnect(): void;
  send(text: string): void;
  close(): void;
}

export interface SourceView extends Omit<LiveView, "state"> {
  readonly state: LiveView["state"] | "closed";
}
