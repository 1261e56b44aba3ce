/** Requests to a running gateway, with its problems as errors that people can read. */

import { SluiceError } from "../../client/index.ts";
import { Failure, failureCodes } from "../../core/failure.ts";
import { Gateway } from "./gateway.ts";

/** The JSON of the response. Throws a `Failure` with the problem's words, or `unavailable`. */
export async function request<Answer>(
  gateway: Gateway | string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const init =
    body === undefined
      ? { method, headers }
      : {
          method,
          body: JSON.stringify(body),
          headers: { "content-type": "application/json", ...headers },
        };
  const response = await reach(gateway, path, init);
  const text = await response.text();
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as Answer;
  throw failureFromProblem(response, text);
}

/** Throws `unavailable` where no gateway responds. */
export async function reach(
  gateway: Gateway | string,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const { url, headers } = typeof gateway === "string" ? new Gateway(gateway) : gateway;
  try {
    return await fetch(`${url}${path}`, { ...init, headers: { ...headers, ...headersOf(init) } });
  } catch (error) {
    throw unreachable(gateway, error);
  }
}

function headersOf({ headers }: RequestInit): Readonly<Record<string, string>> {
  return Object.fromEntries(new Headers(headers));
}

/** The one text for a gateway that does not respond. */
export function unreachable(gateway: Gateway | string, cause: unknown): Failure {
  const url = typeof gateway === "string" ? gateway : gateway.url;
  const distrust = distrustOf(cause);
  if (distrust !== undefined) {
    return new Failure(
      "forbidden",
      `Cannot trust ${url}: ${distrust}, expected a certificate of a known authority, or NODE_EXTRA_CA_CERTS to name a file with its authority`,
      { cause },
    );
  }
  return new Failure("unavailable", `Cannot reach ${url}: is the gateway running?`, { cause });
}

/** Codes of certificates that TLS does not accept. */
const certificateCodes =
  /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(?:GET|VERIFY)_|ERR_TLS_CERT_)/;

/** What is wrong with the gateway's certificate; undefined where something else failed. */
function distrustOf(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string" && certificateCodes.test(e.code)) {
      return `${e.message} (${e.code})`;
    }
  }
  return undefined;
}

/** The same for what the client library throws. */
export function failureFromClient(gateway: Gateway, error: unknown): unknown {
  const isSilent =
    error instanceof SluiceError && error.code === "unavailable" && error.status === undefined;
  return isSilent ? unreachable(gateway, error) : error;
}

/** A response that is not a success, as the failure that its body describes. */
export function failureFromProblem({ status, headers }: Response, text: string): Failure {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string };
    const code = failureCodes.find((known) => known === problem.code) ?? "internal";
    const retryAfterMs = Number(headers.get("retry-after") ?? Number.NaN) * 1000;
    return new Failure(
      code,
      problem.detail ?? statusText(status),
      retryAfterMs > 0 ? { retryAfterMs } : {},
    );
  } catch {
    return foreignAnswer(status, text);
  }
}

/** Something between here and the gateway responded in its own words. */
export function foreignAnswer(status: number, text: string): Failure {
  return new Failure("internal", `${statusText(status)}: ${text.slice(0, 200)}`);
}

export function statusText(status: number): string {
  return `The gateway answered ${status}`;
}

/** The gRPC port of a gateway that does not report one. */
const grpcPort = 4025;

/** The gRPC address of the gateway at `url`: its host, with the port that it reports. */
export async function grpcUrlFrom(gateway: Gateway): Promise<string> {
  const { grpc_port: port = grpcPort } = await request<{ grpc_port?: number }>(
    gateway,
    "GET",
    "/status",
  );
  const { protocol, hostname } = new URL(gateway.url);
  return `${protocol}//${hostname}:${port}`;
}
