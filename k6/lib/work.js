// What the virtual users of `load`, `soak` and `spike` do: one function for each scenario.

import { sleep } from "k6";
import exec from "k6/execution";
import {
  append,
  collect,
  createEmitter,
  querySeries,
  readPage,
  save,
  watchSocket,
  watchSse,
} from "./clients.js";
import { number } from "./settings.js";

const emitters = number("EMITTERS", 5);
const events = number("EVENTS", 20);
const watchSeconds = number("WATCH_SECONDS", 10);
const firstEvents = 10;

/** Emitters of this run, so that the numbers of their events begin at 0. */
export function setup() {
  const run = Date.now().toString(36);
  for (let i = 0; i < emitters; i++) append(createEmitter(`k6-${run}-${i}`), 0, firstEvents);
  save("k6-0");
  return { run };
}

const emitterOf = ({ run }, index) => `k6-${run}-${index % emitters}`;

/** Tags what follows with the part of the run, so that the summary has each part's figures. */
let parts = 1;
function inPart() {
  if (parts === 1) return;
  const part = 1 + Math.floor(exec.scenario.progress * parts);
  exec.vu.metrics.tags.part = String(Math.min(parts, part));
}

let produced = firstEvents;

/** One user produces for all emitters, so that the numbers of each follow one another. */
export function produce(data) {
  inPart();
  const began = Date.now();
  for (let i = 0; i < emitters; i++) append(emitterOf(data, i), produced, events);
  produced += events;
  sleep(Math.max(0, 1000 - (Date.now() - began)) / 1000);
}

/** Each stream lasts for a while, and then another one begins: churn. */
export function overSse(data) {
  inPart();
  watchSse(emitterOf(data, __VU), { seconds: watchSeconds * (0.5 + Math.random()) });
}

export function overSocket(data) {
  inPart();
  watchSocket(emitterOf(data, __VU), { seconds: watchSeconds * (0.5 + Math.random()) });
}

export function collectRecords() {
  inPart();
  collect("k6", { messages: 10, records: 10, pauseSeconds: 0.5 });
}

export function saveOne() {
  inPart();
  save(`k6-${__VU % 100}`);
}

export function query() {
  inPart();
  querySeries("k6-0", 3600);
}

export function pages(data) {
  inPart();
  readPage(emitterOf(data, __VU), firstEvents);
}

/** All of it for `duration`. */
export function scenarios(duration) {
  const subscribers = number("SUBSCRIBERS", 50);
  const steady = (exec, vus) => ({
    executor: "constant-vus",
    exec,
    vus,
    duration,
    gracefulStop: "30s",
  });
  const arriving = (exec, rate) => ({
    executor: "constant-arrival-rate",
    exec,
    rate,
    duration,
    preAllocatedVUs: Math.ceil(rate / 2) + 2,
    maxVUs: rate * 4 + 10,
  });
  return {
    produce: steady("produce", 1),
    sse: steady("overSse", subscribers),
    sockets: steady("overSocket", Math.ceil(subscribers / 5)),
    collect: steady("collectRecords", number("STREAMS", 10)),
    save: arriving("saveOne", number("SAVES", 100)),
    query: arriving("query", number("QUERIES", 10)),
    pages: arriving("pages", number("PAGES", 10)),
  };
}

/** The 99th percentiles of what takes time, in milliseconds. */
const p99Ms = {
  delivery_time: 500,
  "http_req_duration{name:POST /save}": 500,
  "http_req_duration{name:GET /api}": 300,
  "http_req_duration{name:POST /log/{id}}": 500,
};

/** The same of one part of the run: `a{b:c}` is `a{b:c,part:1}`. */
const ofPart = (metric, part) =>
  metric.includes("{") ? metric.replace(/\}$/, `,part:${part}}`) : `${metric}{part:${part}}`;

export const thresholds = {
  checks: ["rate>0.999"],
  stream_gaps: ["count==0"],
  ...limits((metric) => metric),
};

function limits(name) {
  return Object.fromEntries(
    Object.entries(p99Ms).map(([metric, ms]) => [name(metric), [`p(99)<${ms}`]]),
  );
}

/** Everything at once for MINUTES, in PARTS; both have defaults. */
export function optionsFor(byDefault) {
  parts = number("PARTS", byDefault.parts);
  const each = Array.from({ length: parts }, (_, i) => i + 1);
  return {
    scenarios: scenarios(`${number("MINUTES", byDefault.minutes) * 60}s`),
    summaryTrendStats: ["avg", "min", "med", "max", "p(95)", "p(99)"],
    thresholds: Object.assign(
      {},
      thresholds,
      ...(parts === 1 ? [] : each.map((part) => limits((metric) => ofPart(metric, part)))),
    ),
  };
}
