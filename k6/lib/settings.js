// Where the gateway is, and what the scripts send with each request. All of it comes from the environment:
//
//   SLUICE_URL         https://localhost:8443   REST, SSE, WebSocket
//   SLUICE_GRPC        localhost:8443           gRPC
//   SLUICE_KEY         an API key, where the gateway wants one
//   SLUICE_PLAINTEXT   1: gRPC without TLS

export const url = (__ENV.SLUICE_URL || "http://127.0.0.1:9000").replace(/\/$/, "");
export const socketUrl = url.replace(/^http/, "ws");
export const grpcAddress = __ENV.SLUICE_GRPC || "127.0.0.1:4025";
export const isPlaintext = __ENV.SLUICE_PLAINTEXT === "1" || url.startsWith("http://");

const key = __ENV.SLUICE_KEY;
export const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
export const jsonHeaders = { ...headers, "Content-Type": "application/json" };

/** A number of the environment, such as `USERS=50`. */
export function number(name, byDefault) {
  const text = __ENV[name];
  const value = text === undefined ? byDefault : Number(text);
  if (!(value > 0)) throw new Error(`${name} is ${text}, expected a number above 0`);
  return value;
}
