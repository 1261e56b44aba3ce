/** All nodes as this one knows them: for a short time it answers from memory, because pages poll. */

import type { Clock } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import {
  everyMs,
  type KnownNode,
  type NodeCondition,
  type NodeRow,
  type NodeStore,
  type PointRow,
  type Problem,
  silentMs,
} from "./node.ts";
import { problemsOf } from "./problems.ts";
import type { Recorder } from "./recorder.ts";

export interface NodesDeps {
  readonly node: string;
  readonly clock: Clock;
  readonly store: NodeStore;
  readonly recorder: Recorder;
}

/** What is known of all nodes. `missing`: why only this one is known. */
export interface Known<T> {
  readonly all: readonly T[];
  readonly missing: string | undefined;
}

const freshMs = 1000;

export class Nodes {
  readonly #deps: NodesDeps;
  #known: { readonly atMs: number; readonly nodes: Promise<Known<KnownNode>> } | undefined;

  constructor(deps: NodesDeps) {
    this.#deps = deps;
  }

  async list(): Promise<Known<KnownNode>> {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#known === undefined || nowMs - this.#known.atMs >= freshMs) {
      this.#known = { atMs: nowMs, nodes: this.#read(nowMs) };
    }
    return await this.#known.nodes;
  }

  /** The points at or after this time, of one node or all. */
  async points(sinceMs: number, node: string | undefined): Promise<Known<PointRow>> {
    const { store, recorder } = this.#deps;
    const own = recorder.points
      .since(sinceMs)
      .filter((row) => node === undefined || row.node === node);
    try {
      const stored = await store.points(sinceMs, node);
      const known = new Set(stored.map((row) => `${row.node} ${row.atMs}`));
      const unwritten = own.filter((row) => !known.has(`${row.node} ${row.atMs}`));
      return { all: [...stored, ...unwritten], missing: undefined };
    } catch (error) {
      return { all: own, missing: missing(error) };
    }
  }

  async problems(): Promise<Known<Problem>> {
    const { all, missing } = await this.list();
    return { all: problemsOf(all, this.#deps.recorder.problems), missing };
  }

  async #read(nowMs: number): Promise<Known<KnownNode>> {
    const own = this.#own(nowMs);
    try {
      const rows = await this.#deps.store.nodes();
      const others = rows.filter(({ node }) => node !== own.node);
      const all = [own, ...others]
        .map((row) => ({ ...row, condition: conditionOf(row, nowMs) }))
        .filter((row) => row.condition !== "silent" || !isReplaced(row, [own, ...others]));
      return { all: all.toSorted(byPlace), missing: undefined };
    } catch (error) {
      return { all: [{ ...own, condition: "serving" }], missing: missing(error) };
    }
  }

  #own(nowMs: number): NodeRow {
    const { node, recorder } = this.#deps;
    const { startedMs } = recorder;
    return { node, startedMs, seenMs: nowMs, isStopped: false, state: recorder.state() };
  }
}

function missing(error: unknown): string {
  return `Other nodes are not known while the store does not answer: ${failureFrom(error).message}`;
}

function conditionOf({ isStopped, seenMs }: NodeRow, nowMs: number): NodeCondition {
  if (isStopped) return "stopped";
  return nowMs - seenMs > silentMs ? "silent" : "serving";
}

/** Whether a process that began later serves in its place. */
function isReplaced({ node, seenMs, state }: NodeRow, all: readonly NodeRow[]): boolean {
  return all.some(
    (other) =>
      other.node !== node &&
      other.state.place === state.place &&
      other.startedMs > seenMs - everyMs &&
      other.seenMs > seenMs,
  );
}

function byPlace(a: KnownNode, b: KnownNode): number {
  if (a.state.place === b.state.place) return a.startedMs - b.startedMs;
  return a.state.place < b.state.place ? -1 : 1;
}
