/**
 * When each guest's next event is due: event n at `startMs` + (n − 1) / rate, however late and on
 * whichever node it is made, so that nothing drifts. A binary heap by due time; a removed entry is
 * only marked, and dropped when it reaches the top.
 */
export interface Scheduled<T> {
  readonly guest: T;
  readonly intervalMs: number;
  /** The next event's number, from 1. */
  n: number;
  /** When event 1 was, or would have been, due. */
  startMs: number;
  dueMs: number;
  removed: boolean;
}

export interface Schedule<T> {
  add(guest: T, rate: number, n: number, startMs: number): Scheduled<T>;
  /** The earliest due time; Infinity without entries. */
  earliestMs(): number;
  /**
   * Calls `make` for up to `most` events that are due, in the order of their time. A guest that is
   * behind by more than `behindMs` continues from there. Returns how many events were skipped.
   */
  take(nowMs: number, most: number, behindMs: number, make: (due: Scheduled<T>) => void): number;
}

export function createSchedule<T>(): Schedule<T> {
  const heap: Scheduled<T>[] = [];

  function add(guest: T, rate: number, n: number, startMs: number): Scheduled<T> {
    const intervalMs = 1000 / rate;
    const dueMs = startMs + (n - 1) * intervalMs;
    const entry = { guest, intervalMs, n, startMs, dueMs, removed: false };
    heap.push(entry);
    siftUp(heap, heap.length - 1);
    return entry;
  }

  function removeFirst(): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    siftDown(heap);
  }

  return {
    add,
    earliestMs() {
      while (heap[0]?.removed === true) removeFirst();
      return heap[0]?.dueMs ?? Infinity;
    },
    take(nowMs, most, behindMs, make) {
      let skipped = 0;
      let taken = 0;
      for (let first = heap[0]; first !== undefined && taken < most; first = heap[0]) {
        if (first.removed) {
          removeFirst();
          continue;
        }
        if (first.dueMs > nowMs) break;
        if (first.dueMs < nowMs - behindMs) {
          // The schedule moves, not the count, so that the numbers have no gap.
          const events = Math.floor((nowMs - behindMs - first.dueMs) / first.intervalMs);
          first.startMs += events * first.intervalMs;
          first.dueMs += events * first.intervalMs;
          skipped += events;
        }
        make(first);
        taken++;
        first.n++;
        first.dueMs = first.startMs + (first.n - 1) * first.intervalMs;
        siftDown(heap);
      }
      return skipped;
    },
  };
}

function siftUp<T>(heap: Scheduled<T>[], from: number): void {
  let at = from;
  const entry = heap[at];
  if (entry === undefined) return;
  while (at > 0) {
    const parentAt = (at - 1) >>> 1;
    const parent = heap[parentAt];
    if (parent === undefined || parent.dueMs <= entry.dueMs) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

function siftDown<T>(heap: Scheduled<T>[]): void {
  let at = 0;
  const entry = heap[0];
  if (entry === undefined) return;
  for (;;) {
    const leftAt = 2 * at + 1;
    const left = heap[leftAt];
    if (left === undefined) break;
    const right = heap[leftAt + 1];
    const childAt = right !== undefined && right.dueMs < left.dueMs ? leftAt + 1 : leftAt;
    const child = heap[childAt];
    if (child === undefined || child.dueMs >= entry.dueMs) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = entry;
}
