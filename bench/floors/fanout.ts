/**
 * The floor of `sluice bench fanout`: what Bun itself can do. Its native routes, its direct stream,
 * and one write and flush for each delivery; nothing is stored or bounded. A server
 * that reads events before it passes them on costs at least this.
 *
 * It writes the same bytes as the gateway does, to as many sockets, one event a write.
 */
interface Stream {
  write(bytes: Uint8Array): number | Promise<number>;
  flush(): void;
}

const streams = new Set<Stream>();
const sockets = new Set<Bun.ServerWebSocket>();
const utf8 = new TextEncoder();
// As long as a gateway's positions.
const epoch = Date.now().toString(36);
let sequence = 0;

/** The return value of an upgraded request is ignored. */
const upgraded = new Response(null);
const sseHeaders = { "content-type": "text/event-stream", "cache-control": "no-cache" };

function openStream(): Response {
  let stream: Stream;
  const source = {
    type: "direct",
    pull(controller: Stream) {
      stream = controller;
      write(stream, utf8.encode(":\n\n"));
      streams.add(stream);
    },
    cancel: () => void streams.delete(stream),
  };
  const body = new ReadableStream(source as unknown as UnderlyingDefaultSource);
  return new Response(body, { headers: sseHeaders });
}

async function takeEvents(request: Request): Promise<Response> {
  for (const line of (await request.text()).split("\n")) {
    JSON.parse(line);
    const digits = (++sequence).toString(36);
    const position = `${epoch.length.toString(36)}${epoch}-${digits.length.toString(36)}${digits}`;
    if (streams.size > 0) tellStreams(line, position);
    if (sockets.size > 0) tellSockets(line, position);
  }
  return new Response(null, { status: 204 });
}

function tellStreams(data: string, position: string): void {
  const bytes = utf8.encode(`id:${position}\ndata:${data}\n\n`);
  for (const stream of streams) write(stream, bytes);
}

function tellSockets(data: string, position: string): void {
  const event = `{"position":"${position}","time":"${new Date().toISOString()}","key":"bench","data":${data}}`;
  const text = `{"op":"events","emitter":"bench","events":[${event}],"position":"${position}"}`;
  for (const socket of sockets) socket.sendText(text);
}

function write(stream: Stream, bytes: Uint8Array): void {
  const wrote = stream.write(bytes);
  stream.flush();
  // The floor lets a full socket grow. `cancel` reports a client that has left.
  if (typeof wrote !== "number") wrote.catch(() => {});
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 255,
  development: false,
  routes: {
    "/sse": openStream,
    "/events": { POST: takeEvents },
    "/ws": (request, server) => {
      if (server.upgrade(request, { data: undefined })) return upgraded;
      return new Response("expected a WebSocket handshake", { status: 400 });
    },
  },
  fetch: () => new Response("there is nothing here", { status: 404 }),
  websocket: {
    idleTimeout: 255,
    perMessageDeflate: false,
    // Room for subscribers that never read.
    backpressureLimit: 1024 ** 3,
    message(socket) {
      sockets.add(socket);
      socket.sendText('{"op":"subscribed"}');
    },
    close: (socket) => void sockets.delete(socket),
  },
});

process.stdout.write(`floor ready ${server.url.origin}\n`);
