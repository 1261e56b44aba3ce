/** Whether this node can serve, and what it knows of itself. */

/** What `/status`, `/livez` and `/readyz` report. */
export interface Health {
  /** Everything this node knows of itself, for people. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Why this node cannot serve; undefined when it can. */
  notReady(): Promise<string | undefined>;
  /** What keeps this node from a part of its work, although it is ready. */
  warning(): string | undefined;
}
