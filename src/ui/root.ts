/** Addresses of the gateway that serves the page, which may be below any prefix of a proxy. */

/** The script is `<prefix>/<page>/assets/<name>.js`. */
const root = new URL("../../", import.meta.url);

/** `path` as the gateway spells it: `/v1/topics`. */
export function gatewayUrl(path: string): URL {
  return new URL(`.${path}`, root);
}

export function socketUrl(path: string): URL {
  const url = gatewayUrl(path);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
