/** Requests by what was called and how that ended, over all protocols. */

import { Histogram, latencyBounds } from "./histogram.ts";

export const protocols = ["http", "websocket", "connect", "grpc_web", "grpc"] as const;
export type Protocol = (typeof protocols)[number];

/** As HTTP has them; statuses of gRPC count as the HTTP statuses that they stand for. */
export const statusClasses = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
const firstError = 3;
export type StatusClass = (typeof statusClasses)[number];

/** What was called: a pattern, never an address, since callers choose those. */
export interface Called {
  readonly protocol: Protocol;
  readonly method: string;
  readonly route: string;
}

/** One route's. */
export class RouteRequests {
  readonly called: Called;
  readonly seconds = new Histogram(latencyBounds);
  readonly #counts = new Float64Array(statusClasses.length);

  constructor(called: Called) {
    this.called = called;
  }

  /** `ms`: until the answer began, or until the call ended where it is over gRPC. */
  add(status: number, ms: number): void {
    const index = Math.floor(status / 100) - 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.seconds.observe(ms / 1000);
  }

  /** Those that there were, and errors in any case: a first one is then seen as an increase. */
  counts(): readonly (readonly [StatusClass, number])[] {
    return statusClasses.flatMap((status, index) => {
      const count = this.#counts[index] ?? 0;
      return count === 0 && index < firstError ? [] : [[status, count] as const];
    });
  }
}

export class Requests {
  readonly #routes = new Map<string, RouteRequests>();

  /** A caller that asks for the same route again may keep the answer. */
  route(protocol: Protocol, method: string, route: string): RouteRequests {
    const id = `${protocol} ${method} ${route}`;
    let requests = this.#routes.get(id);
    if (requests === undefined) {
      requests = new RouteRequests({ protocol, method, route });
      this.#routes.set(id, requests);
    }
    return requests;
  }

  all(): Iterable<RouteRequests> {
    return this.#routes.values();
  }
}
