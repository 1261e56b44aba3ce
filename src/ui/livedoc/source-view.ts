/** What the panel does with a source, and what a source shows. */
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
