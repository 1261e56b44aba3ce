/** The two listeners: HTTP with Connect and gRPC-Web, and gRPC on its own port. */

import { Failure, quoted } from "../core/failure.ts";
import type { Fetch } from "../core/host.ts";
import type { RpcServer } from "../rpc/server.ts";
import type { Runtime, Server } from "../runtime/runtime.ts";
import type { Config } from "./config.ts";
import { type OpenFilesDeps, OpenFilesGuard } from "./open-files.ts";
import type { TlsSource } from "./tls/source.ts";

/** How long a stop waits for calls under way: everything after it must fit into 10 s as well. */
const stopMsMax = 3000;

export interface Listeners extends Pick<OpenFilesDeps, "clock" | "logger"> {
  readonly runtime: Pick<Runtime, "openFiles">;
  readonly config: Config;
  readonly server: Server;
  readonly fetch: Fetch;
  readonly rpc: RpcServer;
  /** Undefined: without TLS. */
  readonly tls: TlsSource | undefined;
  /** Whether other processes of this gateway listen on the same ports. */
  readonly isShared: boolean;
}

export interface Connections {
  readonly rpc: ReturnType<RpcServer["stats"]>;
  readonly connections: ReturnType<OpenFilesGuard["status"]>;
}

export interface Listening {
  readonly url: string;
  readonly grpcUrl: string;
  /** For `/status`. */
  connections(): Connections;
}

/** Resolves once both accept. Throws `conflict`, `forbidden` or `invalid` for what cannot be used. */
export async function listenBoth(
  { clock, logger, runtime, config, server, fetch, rpc, tls, isShared }: Listeners,
  stack: AsyncDisposableStack,
): Promise<Listening> {
  const { hostname } = config;
  // Together: each waits for what is under way, and neither may take new calls meanwhile.
  stack.defer(async () => {
    await Promise.all([server.stop(stopMsMax), rpc.stop(stopMsMax)]);
  });
  const port = await listening("SLUICE_PORT", config, () =>
    server.listen({
      hostname,
      port: config.port,
      tls: tls?.context,
      fetch,
      isShared,
    }),
  );
  const grpcPort = await listening("SLUICE_GRPC_PORT", { hostname, port: config.grpcPort }, () =>
    rpc.listen(hostname, config.grpcPort, isShared),
  );
  const host = hostOf(hostname);
  const files = new OpenFilesGuard({
    clock,
    logger,
    openFiles: () => runtime.openFiles(),
    listeners: [server, rpc],
  });
  stack.defer(() => files.close());
  tls?.follow((context) => {
    rpc.secure(context);
    server.secure(context);
  });
  const scheme = tls === undefined ? "http" : "https";
  return {
    url: `${scheme}://${host}:${port}`,
    grpcUrl: `${scheme}://${host}:${grpcPort}`,
    connections: () => ({
      ...(tls === undefined ? {} : { tls: tls.status() }),
      rpc: rpc.stats(),
      connections: files.status(),
    }),
  };
}

/** What is on it needs no credential: the network decides who reaches it. Undefined without the setting. */
export async function listenMetrics(
  { metrics }: Pick<Config, "metrics">,
  server: Server,
  { fetch, isShared }: Pick<Listeners, "fetch" | "isShared">,
  stack: AsyncDisposableStack,
): Promise<string | undefined> {
  if (metrics === undefined) return undefined;
  stack.defer(() => server.stop(stopMsMax));
  const port = await listening("SLUICE_METRICS_PORT", metrics, () =>
    server.listen({ ...metrics, fetch, isShared }),
  );
  return `http://${hostOf(metrics.hostname)}:${port}/metrics`;
}

function hostOf(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** A port or an address that cannot be used is the commonest failure of a start, so it gets its own words. */
export async function listening(
  setting: string,
  { hostname, port }: Pick<Config, "hostname" | "port">,
  listen: () => Promise<number>,
): Promise<number> {
  try {
    return await listen();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") {
      throw new Failure(
        "conflict",
        `Cannot listen on port ${port}: another program has it${orNamesNothing(hostname)}, set ${setting} to another one`,
        { cause: error },
      );
    }
    if (code === "EACCES") {
      throw new Failure(
        "forbidden",
        `Cannot listen on port ${port}: this user may not, set ${setting} above 1023`,
        { cause: error },
      );
    }
    if (code === "EADDRNOTAVAIL") {
      const host = setting.replace(/(?:_GRPC)?_PORT$/, "_HOST");
      throw new Failure(
        "invalid",
        `Cannot listen on ${quoted(hostname)}: this machine has no such address, set ${host} to one that it has`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Bun says the same of a taken port and of a name that it cannot resolve. */
function orNamesNothing(hostname: string): string {
  const isName = hostname !== "localhost" && !/^[\d.]+$|:/.test(hostname);
  return isName ? `, or ${quoted(hostname)} is no name of this machine` : "";
}
