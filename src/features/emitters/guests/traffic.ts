/** The lines of an instance that serves traffic, and of a deployment that restarts its service. */

import type { Instance, Line } from "./instance.ts";

const routes = [
  "GET /v2/items",
  "GET /v2/items/{id}",
  "POST /v2/orders",
  "GET /v2/orders/{id}",
  "PUT /v2/carts/{id}",
  "POST /v2/payments",
  "GET /healthz",
  "GET /v2/customers/{id}",
  "DELETE /v2/carts/{id}/lines/{line}",
] as const;
const upstreams = ["payments", "inventory", "profiles", "pricing"] as const;

/** Purposes of draws, so that one line's numbers do not depend on each other. */
const KIND = 10;
const VALUE = 11;
const OTHER = 12;

export function steadyLine(instance: Instance, n: number, release: number): Line {
  const pid = appPid(instance, release);
  // A failed call is retried, and the lines after it say so.
  for (let ago = 1; ago <= 2; ago++) {
    if (failsUpstream(instance, n - ago)) return retryLine(instance, n, ago, pid);
  }
  if (failsUpstream(instance, n)) {
    const upstream = upstreams[instance.draw(n, OTHER, upstreams.length)] ?? "pricing";
    return [
      "WARN",
      "app",
      pid,
      `Call to ${upstream} timed out after 2000 ms, retrying (attempt 2 of 3)`,
    ];
  }
  const kind = instance.draw(n, KIND, 1000);
  const say = steadyLines.find(([below]) => kind < below)?.[1] ?? requestLine;
  return say(instance, n, pid);
}

/** Of a thousand lines those up to the first number are of the first kind, and so on. */
const steadyLines: readonly (readonly [
  below: number,
  say: (instance: Instance, n: number, pid: number) => Line,
])[] = [
  [800, requestLine],
  [850, cacheLine],
  [885, gcLine],
  [915, probeLine],
  [935, outboxLine],
  [950, sshLine],
  [962, cronLine],
  [972, clockLine],
  [984, slowQueryLine],
  [993, poolLine],
  [997, slowProbeLine],
  [1000, deadlockLine],
];

/** A deployment: the old process drains while the new one comes up. */
export const restartLines: readonly ((instance: Instance, n: number, release: number) => Line)[] = [
  (i) => ["INFO", "kubelet", kubeletPid(i), `Rolling update of ${i.service} begins on ${i.host}`],
  (i, _, r) => [
    "INFO",
    "kubelet",
    kubeletPid(i),
    `Pulling image registry.internal/${i.service}:1.${i.version}.${r}`,
  ],
  (i, n, r) => [
    "INFO",
    "kubelet",
    kubeletPid(i),
    `Successfully pulled image ${i.service}:1.${i.version}.${r} in ${(1 + i.draw(n, VALUE, 300) / 100).toFixed(2)}s`,
  ],
  (i, _, r) => ["INFO", "app", appPid(i, r - 1), "Received SIGTERM, no new requests are taken"],
  (i, n, r) => [
    "INFO",
    "app",
    appPid(i, r - 1),
    `Draining ${3 + i.draw(n, VALUE, 40)} requests in flight`,
  ],
  (i, n, r) => [
    "INFO",
    "app",
    appPid(i, r - 1),
    `Drained in ${200 + i.draw(n, VALUE, 1800)} ms, bye`,
  ],
  (i, _, r) => [
    "INFO",
    "app",
    appPid(i, r),
    `${i.service} 1.${i.version}.${r} starting, profile production`,
  ],
  (i, _, r) => ["INFO", "app", appPid(i, r), "Connected to database primary, pool of 16"],
  (i, _, r) => ["WARN", "app", appPid(i, r), "Cache is cold: the first requests will be slow"],
  (i, _, r) => ["INFO", "app", appPid(i, r), "Listening on 0.0.0.0:8080"],
  (i) => ["INFO", "kubelet", kubeletPid(i), `Readiness probe of ${i.service} succeeded`],
  (i) => [
    "INFO",
    "kubelet",
    kubeletPid(i),
    `Rolling update of ${i.service} is complete on ${i.host}`,
  ],
];

function requestLine(instance: Instance, n: number, pid: number): Line {
  const route = routes[instance.draw(n, OTHER, routes.length)] ?? routes[0];
  if (route === "GET /healthz") return ["DEBUG", "app", pid, `${route} 200 1 ms 15 B`];
  const status = statusOf(route, instance.draw(n, VALUE, 1000));
  // Most take a few milliseconds, a few take long: the product of two draws has such a tail.
  const ms = 1 + Math.floor((instance.draw(n, 13, 60) * instance.draw(n, 14, 60)) / 18);
  const path = route.replace("{id}", orderOf(instance, n)).replace("{line}", String(1 + (n % 7)));
  const level = status >= 500 ? "ERROR" : "INFO";
  return [level, "app", pid, `${path} ${status} ${ms} ms ${180 + instance.draw(n, 15, 6000)} B`];
}

function statusOf(route: string, draw: number): number {
  if (draw < 4) return 503;
  if (draw < 25) return 404;
  if (draw < 35) return 409;
  if (route.startsWith("POST")) return 201;
  return route.startsWith("DELETE") ? 204 : 200;
}

function gcLine(instance: Instance, n: number, pid: number): Line {
  const before = 900 + instance.draw(n, VALUE, 2500);
  const pauseMs = 3 + Math.floor((instance.draw(n, 13, 30) * instance.draw(n, 14, 30)) / 6);
  const level = pauseMs > 100 ? "WARN" : "INFO";
  return [
    level,
    "app",
    pid,
    `GC pause (young) ${before}M to ${Math.floor(before / 3)}M in ${pauseMs} ms`,
  ];
}

function retryLine(instance: Instance, n: number, ago: number, pid: number): Line {
  const upstream = upstreams[instance.draw(n - ago, OTHER, upstreams.length)] ?? "pricing";
  const recovers = instance.draw(n - ago, VALUE, 10) < 8;
  if (ago === 1) {
    return recovers
      ? ["INFO", "app", pid, `Call to ${upstream} succeeded on attempt 2`]
      : [
          "WARN",
          "app",
          pid,
          `Call to ${upstream} timed out after 2000 ms, retrying (attempt 3 of 3)`,
        ];
  }
  return recovers
    ? requestLine(instance, n, pid)
    : [
        "ERROR",
        "app",
        pid,
        `Call to ${upstream} failed after 3 attempts, order ${orderOf(instance, n)} is parked`,
      ];
}

function failsUpstream(instance: Instance, n: number): boolean {
  return instance.draw(n, 16, 400) === 0;
}

function appPid(instance: Instance, release: number): number {
  return 1040 + (instance.seed % 40) + release * 217;
}

function kubeletPid(instance: Instance): number {
  return 731 + (instance.seed % 40);
}

function orderOf(instance: Instance, n: number): string {
  return (0x100000 + instance.draw(n, 17, 0xefffff)).toString(16);
}

function cacheLine(i: Instance, n: number, pid: number): Line {
  const ratio = (85 + i.draw(n, VALUE, 140) / 10).toFixed(1);
  return [
    "DEBUG",
    "app",
    pid,
    `Cache hit ratio ${ratio} %, ${2000 + i.draw(n, OTHER, 9000)} entries`,
  ];
}

function probeLine(i: Instance, n: number): Line {
  const ms = 1 + i.draw(n, VALUE, 9);
  return ["INFO", "kubelet", kubeletPid(i), `Liveness probe of ${i.service} succeeded in ${ms} ms`];
}

function outboxLine(i: Instance, n: number, pid: number): Line {
  const sent = 1 + i.draw(n, VALUE, 60);
  return ["INFO", "app", pid, `Job outbox: sent ${sent} messages, ${i.draw(n, OTHER, 5)} left`];
}

function sshLine(i: Instance, n: number): Line {
  const from = `10.0.${i.draw(n, VALUE, 256)}.17 port ${32_768 + i.draw(n, OTHER, 28_000)}`;
  return [
    "INFO",
    "sshd",
    3000 + i.draw(n, OTHER, 20_000),
    `Connection closed by ${from} [preauth]`,
  ];
}

function cronLine(i: Instance, n: number): Line {
  return ["INFO", "cron", 4000 + i.draw(n, OTHER, 20_000), "(root) CMD (/usr/lib/sysstat/sa1 1 1)"];
}

function clockLine(i: Instance, n: number): Line {
  const seconds = (i.draw(n, VALUE, 900) / 1e6).toFixed(6);
  return ["INFO", "chronyd", 540 + (i.seed % 40), `System clock wrong by ${seconds} seconds`];
}

function slowQueryLine(i: Instance, n: number, pid: number): Line {
  const ms = 600 + i.draw(n, VALUE, 2400);
  const rows = 100 + i.draw(n, OTHER, 9000);
  return ["WARN", "app", pid, `Slow query: ${ms} ms, orders_by_customer, ${rows} rows`];
}

function poolLine(i: Instance, n: number, pid: number): Line {
  const used = 13 + i.draw(n, VALUE, 4);
  const ms = 20 + i.draw(n, OTHER, 300);
  return ["WARN", "app", pid, `Connection pool at ${used} of 16, waited ${ms} ms`];
}

function slowProbeLine(i: Instance, n: number): Line {
  const ms = 800 + i.draw(n, VALUE, 900);
  return ["WARN", "kubelet", kubeletPid(i), `Readiness probe of ${i.service} took ${ms} ms`];
}

function deadlockLine(i: Instance, n: number, pid: number): Line {
  const order = orderOf(i, n);
  return ["ERROR", "app", pid, `Unhandled error in order ${order}: deadlock detected, rolled back`];
}
