/** The instance that a guest simulates: its constants, and its repeatable random numbers. */

export type Level = "DEBUG" | "INFO" | "WARN" | "ERROR";
/** The message is free of quotes, backslashes and control characters. */
export type Line = readonly [level: Level, process: string, pid: number, message: string];

export interface Instance {
  readonly host: string;
  readonly address: string;
  readonly service: string;
  readonly version: number;
  readonly zone: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly seed: number;
  /** A number below `below`, the same for the same line and purpose. */
  draw(n: number, purpose: number, below: number): number;
}

const services = ["checkout", "catalog", "billing", "search", "sessions", "ledger", "gateway"];
const zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "us-east-1a", "us-east-1d"];

export function instanceOf(id: string): Instance {
  const seed = hash(id);
  const pick = (list: readonly string[], shift: number) =>
    list[(seed >>> shift) % list.length] ?? "";
  const service = pick(services, 3);
  const address = `10.${(seed >>> 24) & 63}.${(seed >>> 16) & 255}.${(seed >>> 8) & 255}`;
  return {
    host: `${service}-${(seed >>> 4).toString(36).padStart(6, "0").slice(-6)}`,
    address,
    service,
    version: 100 + (seed % 60),
    zone: pick(zones, 7),
    cores: 2 << ((seed >>> 11) & 2),
    memoryGb: 8 << ((seed >>> 13) & 2),
    seed,
    draw: (n, purpose, below) => mix(seed ^ Math.imul(n, 0x9e3779b1), purpose) % below,
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return mix(value, 0);
}

/** The finalizer of MurmurHash3: neighbouring numbers give unrelated ones. */
function mix(value: number, purpose: number): number {
  let x = (value + Math.imul(purpose + 1, 0x85ebca6b)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
