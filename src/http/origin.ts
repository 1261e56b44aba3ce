/** CORS does not cover WebSocket handshakes: a foreign page's are refused here. */
import { Failure } from "../core/failure.ts";

/** Throws `forbidden` when a browser opens the socket from a page of another host. */
export function checkOrigin(request: Request): void {
  const origin = request.headers.get("origin");
  if (origin === null) return;
  const host = request.headers.get("host");
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new Failure(
    "forbidden",
    `Cannot open a socket from ${JSON.stringify(origin.slice(0, 200))}: wanted ${host}`,
  );
}
