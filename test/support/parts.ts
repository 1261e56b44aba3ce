/** All parts of a gateway on a fresh PostgreSQL database, without listeners. */

import { silent } from "../../src/core/logger.ts";
import { parseConfig } from "../../src/gateway/config.ts";
import { type GatewayParts, openParts } from "../../src/gateway/parts.ts";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { withPostgres } from "./postgres.ts";

export async function withParts<T>(use: (parts: GatewayParts) => T | Promise<T>): Promise<T> {
  return await withPostgres(async (url) => {
    await using stack = new AsyncDisposableStack();
    const server = bunRuntime.createServer();
    const config = parseConfig({ DATABASE_URL: url });
    const opening = { runtime: bunRuntime, server, config, logger: silent };
    return await use(await openParts(opening, stack));
  });
}
