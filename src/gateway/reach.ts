/**
 * How a start waits for the services that it needs: they may start at the same time as the node. What
 * is wrong is reported at once, with the host and the code but never with a password, and after a
 * deadline the start gives up.
 */

import type { Clock } from "../core/clock.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { BackOff } from "../core/retry.ts";
import { errorCode } from "../postgres/error-code.ts";

const retryMs = { first: 100, most: 2000 };
/** An attempt that lasts longer is reported: it migrates large tables, or waits for a node that does. */
const longMs = 10_000;

export interface Service {
  /** What people call it: "PostgreSQL". */
  readonly name: string;
  /** The setting that says where it is, and its value: one or several URLs. */
  readonly setting: string;
  readonly url: string;
}

export interface ReachOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time for all attempts; the first one is always made. */
  readonly withinMs: number;
}

/**
 * The result of the first attempt that succeeds. Throws once `withinMs` have passed, and at once for what
 * time does not mend, such as a wrong password.
 */
export async function reach<T>(
  service: Service,
  { clock, logger, withinMs }: ReachOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  const hosts = hostsOf(service.url);
  const untilMs = clock.nowMs() + withinMs;
  const backOff = new BackOff(clock, retryMs);
  let reported: string | undefined;
  for (;;) {
    const cancel = clock.after(longMs, () =>
      logger("info", "the start waits for a service", { service: service.name, hosts }),
    );
    try {
      return await attempt();
    } catch (error) {
      const failure = failureFrom(error);
      const reason = reasonOf(failure);
      if (failure.code !== "unavailable" || clock.nowMs() + backOff.nextMs >= untilMs) {
        throw startFailure(service, hosts, reason, failure);
      }
      if (reason !== reported) {
        const fields = { service: service.name, hosts, reason, give_up_ms: withinMs };
        logger("warn", "a service is unavailable; the start waits for it", fields);
      }
      reported = reason;
    } finally {
      cancel();
    }
    await backOff.wait();
  }
}

/** Other failures, such as a missing privilege, were worded for people already. */
function startFailure(
  { name, setting }: Service,
  hosts: string,
  reason: string,
  failure: Failure,
): Failure {
  if (failure.code !== "unavailable" && failure.code !== "internal") return failure;
  return new Failure(
    failure.code,
    `Cannot use ${name} at ${hosts}: ${reason}, expected ${setting} to name a server that lets this node in`,
    { cause: failure },
  );
}

/** What the service or the system said, with its code. */
function reasonOf(failure: Failure): string {
  const code = errorCode(failure);
  let innermost: Error = failure;
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  const text = innermost.message === "" ? failure.message : innermost.message;
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}

/** Hosts and ports of URLs that are separated by commas, without user and password. */
function hostsOf(urls: string): string {
  const authorities = urls
    .split(",")
    .map((url) => /^[^/]*\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(url)?.[1]);
  return authorities.filter((each) => each !== undefined).join(", ");
}
