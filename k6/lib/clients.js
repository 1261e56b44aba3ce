// One function for each way into and out of a gateway. Each of them is one iteration of a virtual user.

import { check, sleep } from "k6";
import encoding from "k6/encoding";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";
import { Client as GrpcClient, Stream } from "k6/net/grpc";
import ws from "k6/ws";
import sse from "k6/x/sse";
import { grpcAddress, headers, isPlaintext, jsonHeaders, socketUrl, url } from "./settings.js";

/** Events that were missed or came twice, by their numbers. */
export const gaps = new Counter("stream_gaps");
/** From the producer's clock to the subscriber. */
export const delivery = new Trend("delivery_time", true);
export const received = new Counter("events_received");
export const acknowledged = new Counter("records_acknowledged");

/** Appends that were refused for the moment, with 429 or 503. */
export const deferred = new Counter("appends_deferred");

const isDeferred = ({ status }) => status === 429 || status === 503;

const grpc = new GrpcClient();
grpc.load(["../schemas"], "sluice/v1/collector.proto");

export function createEmitter(id, body = { source: "external" }) {
  const response = http.put(`${url}/log/${id}`, JSON.stringify(body), {
    headers: jsonHeaders,
    tags: { name: "PUT /log/{id}" },
  });
  check(response, { "an emitter is there": ({ status }) => status === 200 || status === 201 });
  return id;
}

const attemptsMax = 10;

/**
 * Appends events with a number and the time, so that subscribers see what they miss. What is refused for the
 * moment is sent again under its key, so that it is stored once.
 */
export function append(emitter, from, count) {
  const events = Array.from({ length: count }, (_, i) => ({ n: from + i, at: Date.now() }));
  const send = () =>
    http.post(`${url}/log/${emitter}`, JSON.stringify(events), {
      headers: { ...jsonHeaders, "Idempotency-Key": `${emitter}-${from}` },
      tags: { name: "POST /log/{id}" },
    });
  let response = send();
  for (let attempt = 1; attempt < attemptsMax && isDeferred(response); attempt++) {
    deferred.add(1);
    sleep(Number(response.headers["Retry-After"] || 1));
    response = send();
  }
  if (check(response, { "events are stored": ({ status }) => status === 200 }))
    acknowledged.add(count);
}

export function readPage(emitter, expected) {
  const response = http.get(`${url}/log/${emitter}?limit=${expected}`, {
    headers,
    tags: { name: "GET /log/{id}" },
  });
  check(response, {
    "a page has the events": ({ status, body }) =>
      status === 200 && JSON.parse(body).events.length === expected,
  });
}

/** Compares the numbers of events as they arrive. */
function createCounter() {
  let last;
  let count = 0;
  return (event) => {
    count++;
    if (typeof event.at === "number") delivery.add(Math.max(0, Date.now() - event.at));
    if (typeof event.n === "number") {
      if (last !== undefined && event.n !== last + 1) gaps.add(1);
      last = event.n;
    }
    return count;
  };
}

/** Subscribes over SSE until `count` events have arrived or `seconds` are over; returns how many came. */
export function watchSse(emitter, { count = Infinity, seconds, after, onFirst = () => {} }) {
  let seen = 0;
  const endMs = Date.now() + seconds * 1000;
  const start = after === undefined ? "" : `?after=${after}`;
  const response = sse.open(
    `${url}/sse/log/${emitter}${start}`,
    { headers, tags: { name: "GET /sse/log/{id}" } },
    (client) => {
      const next = createCounter();
      client.on("event", ({ data, name }) => {
        if (data !== "" && name === "") {
          if (seen === 0) onFirst();
          seen = next(JSON.parse(data));
        }
        if (seen >= count || Date.now() >= endMs) client.close();
      });
    },
  );
  // At once: for each event it would take k6 more time than reading it.
  received.add(seen);
  check(response, { "an SSE stream opens": ({ status }) => status === 200 });
  return seen;
}

/** The same over WebSocket. */
export function watchSocket(emitter, { count = Infinity, seconds, after }) {
  let seen = 0;
  const response = ws.connect(
    `${socketUrl}/v1/ws`,
    { headers, tags: { name: "WS /v1/ws" } },
    (socket) => {
      const next = createCounter();
      socket.on("open", () =>
        socket.send(
          JSON.stringify({ op: "subscribe", emitter, ...(after === undefined ? {} : { after }) }),
        ),
      );
      socket.on("message", (text) => {
        const message = JSON.parse(text);
        if (message.op === "error") {
          gaps.add(1);
          socket.close();
        }
        for (const { data } of message.events ?? []) seen = next(data);
        if (seen >= count) socket.close();
      });
      socket.setTimeout(() => socket.close(), seconds * 1000);
    },
  );
  received.add(seen);
  check(response, { "a WebSocket opens": ({ status } = {}) => status === 101 });
  return seen;
}

/** A client stream of records, acknowledged as a whole at its end. */
export function collect(topic, { messages, records, pauseSeconds = 0 }) {
  grpc.connect(grpcAddress, { plaintext: isPlaintext });
  const stream = new Stream(grpc, "sluice.v1.CollectorService/Collect", { metadata: headers });
  let answer;
  stream.on("data", (response) => (answer = response));
  stream.on("error", (error) => check(error, { "a client stream ends well": () => false }));
  stream.on("end", () => {
    const accepted = Number(answer?.accepted ?? 0);
    check(accepted, {
      "all records of a client stream are stored": (n) => n === messages * records,
    });
    acknowledged.add(accepted);
    grpc.close();
  });
  for (let i = 0; i < messages; i++) {
    stream.write({
      topic,
      records: Array.from({ length: records }, (_, n) => ({
        value: encoding.b64encode(`${__VU}-${__ITER}-${i}-${n}`),
        contentType: "text/plain",
      })),
    });
    if (pauseSeconds > 0) sleep(pauseSeconds);
  }
  stream.end();
}

/** Six digits, so that two measurements of a millisecond are two. */
function microseconds() {
  return String(Math.floor(Math.random() * 1_000_000)).padStart(6, "0");
}

export function save(tag) {
  const body = JSON.stringify({
    tag,
    time: `${Date.now()}${microseconds()}`,
    values: [Math.random()],
  });
  const response = http.post(`${url}/save`, body, {
    headers: jsonHeaders,
    tags: { name: "POST /save" },
  });
  if (
    check(response, { "a measurement is stored": ({ status }) => status === 204 || status === 200 })
  )
    acknowledged.add(1);
}

export function querySeries(tag, seconds) {
  const end = BigInt(Date.now()) * 1_000_000n;
  const start = end - BigInt(seconds) * 1_000_000_000n;
  const response = http.get(`${url}/api?tag=${tag}&start=${start}&end=${end}`, {
    headers,
    tags: { name: "GET /api" },
  });
  check(response, { "samples are answered": ({ status }) => status === 200 });
}
