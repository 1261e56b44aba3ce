/** Floor, gateway, floor again: each server is alone on the machine while it is measured. */
import { Failure } from "../src/core/failure.ts";
import type { Runtime } from "../src/runtime/runtime.ts";

export interface Runs<Result> {
  readonly floor: Result;
  readonly gateway: Result;
  /** Again: where it differs from the first, the machine is noisy. */
  readonly floorAgain: Result;
}

interface Measurable extends AsyncDisposable {
  readonly name: string;
  /** How its process ended and what it said; undefined while it runs, or where it is not ours. */
  ended(): string | undefined;
}

/** Throws what `work` throws, or `unavailable` where the server ended meanwhile. */
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
