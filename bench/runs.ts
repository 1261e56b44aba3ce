/** Floor, gateway, floor again: each server is alone on the machine while it is measured. */

import { Failure } from "../src/core/failure.ts";
import type { Runtime } from "../src/runtime/runtime.ts";

export interface Runs<Result> {
  readonly floor: Result;
  readonly gateway: Result;
  /** The floor once more: where it differs from the first run, the machine is noisy. */
  readonly floorAgain: Result;
}

export type OnProgress = (what: string, done: number, total: number) => void;

interface Measurable extends AsyncDisposable {
  readonly name: string;
  /** Exit code and last output of its process; undefined while it runs, or where another program started it. */
  ended(): string | undefined;
}

/** Throws what `work` throws, or `unavailable` where the server ended during it. */
export async function floorGatewayFloor<Server extends Measurable, Result>(
  runtime: Runtime,
  start: { readonly floor: () => Promise<Server>; readonly gateway: () => Promise<Server> },
  work: (server: Server) => Promise<Result>,
): Promise<Runs<Result>> {
  let current: Server | undefined;
  runtime.onStop(() => {
    void Promise.resolve(current?.[Symbol.asyncDispose]()).finally(() => runtime.exit(130));
  });
  const on = async (starting: Promise<Server>): Promise<Result> => {
    await using server = await starting;
    current = server;
    try {
      return await work(server);
    } catch (error) {
      const fate = server.ended();
      if (fate === undefined) throw error;
      throw new Failure("unavailable", `Cannot measure the ${server.name}: it ${fate}`, {
        cause: error,
      });
    }
  };
  const floor = await on(start.floor());
  const gateway = await on(start.gateway());
  return { floor, gateway, floorAgain: await on(start.floor()) };
}
