/** What a simulated shop sends in each second: orders that are shipped or forgotten, states of messages, readings, pulses. */

/** One request to the gateway's own addresses. */
export interface DemoRequest {
  readonly method: "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const demoRule = "demo-shipped";
const app = "demo-shop";
const pulseSchema =
  'syntax = "proto3"; package demo.v1; message Pulse { string wearer = 1; int64 beats = 2; int32 bpm = 3; }';

const ordersPerSecond = 5;
const boilers = 8;
/** One order in so many is never shipped, and one pulse in so many has no schema. */
const forgottenEvery = 23;
const brokenEvery = 40;
const shippedAfterS = 4;

/** What has to be there first; repeating it changes nothing. */
export const preparations: readonly DemoRequest[] = [
  { method: "PUT", path: "/v1/topics/demo-orders", body: "{}" },
  { method: "PUT", path: "/v1/topics/demo-shipments", body: "{}" },
  { method: "PUT", path: "/v1/topics/demo-pulses", body: '{"schema":"id"}' },
  {
    method: "PUT",
    path: `/v1/apps/${app}`,
    body: '{"expected":["CREATED","PAID","SENT"],"deadline_ms":15000}',
  },
  {
    method: "PUT",
    path: `/v1/ack-rules/${demoRule}`,
    body: '{"topics":["demo-orders","demo-shipments"],"output":"demo-acks","deadline_ms":20000}',
  },
  {
    method: "POST",
    path: "/subjects/demo-pulses-value/versions",
    body: JSON.stringify({ schemaType: "PROTOBUF", schema: pulseSchema }),
  },
];

export interface DemoTurn {
  /** The first second of this run: what was ordered before it is not known. */
  readonly first: number;
  readonly second: number;
  readonly nowMs: number;
  /** Of the pulses. */
  readonly schemaId: number;
}

export function requestsOf(turn: DemoTurn): readonly DemoRequest[] {
  const { first, second, nowMs, schemaId } = turn;
  const orders = numbersOf(second);
  const ready = second - shippedAfterS < first ? [] : numbersOf(second - shippedAfterS);
  const shipped = ready.filter((n) => n % forgottenEvery !== 0);
  const createdAt = new Date(nowMs).toISOString();
  const event = (n: number, name: string) => ({
    app_id: app,
    message_id: `demo-${n}`,
    event: name,
    created_at: createdAt,
  });
  const readings = Array.from({ length: boilers }, (_, boiler) => {
    const celsius =
      60 + 8 * Math.sin(second / 60 + boiler) + (hash(second * 31 + boiler) % 100) / 50;
    return `{"time":${BigInt(nowMs) * 1_000_000n},"tag":"demo-boiler-${boiler}","values":[${celsius.toFixed(3)},${1 + (hash(second + boiler) % 30) / 10}]}`;
  });
  const records = (path: string, values: readonly unknown[], headers = {}): DemoRequest => ({
    method: "POST",
    path: `/v1/topics/${path}/records`,
    body: JSON.stringify(values),
    headers,
  });
  return [
    records(
      "demo-orders",
      orders.map((n) => ({ message_id: `demo-${n}`, total: (hash(n) % 20_000) / 100 })),
    ),
    ...(shipped.length === 0
      ? []
      : [
          records(
            "demo-shipments",
            shipped.map((n) => ({
              message_id: `demo-${n}`,
              carrier: hash(n) % 2 === 0 ? "fast" : "slow",
            })),
          ),
        ]),
    {
      method: "POST",
      path: "/api/event/bulk",
      body: JSON.stringify({
        events: [
          ...orders.flatMap((n) => [event(n, "CREATED"), event(n, "PAID")]),
          ...shipped.map((n) => event(n, "SENT")),
        ],
      }),
    },
    { method: "POST", path: "/save", body: readings.join("\n") },
    records(
      "demo-pulses",
      [{ wearer: `demo-${second % 10}`, beats: String(second), bpm: 60 + (hash(second) % 40) }],
      second % brokenEvery === 0 ? {} : { "sluice-schema-id": String(schemaId) },
    ),
  ];
}

function numbersOf(second: number): readonly number[] {
  return Array.from({ length: ordersPerSecond }, (_, i) => second * ordersPerSecond + i);
}

/** Spreads numbers that follow each other. */
function hash(n: number): number {
  return (Math.imul(n ^ (n >>> 15), 0x2c1b3c6d) >>> 3) ^ (n & 7);
}
