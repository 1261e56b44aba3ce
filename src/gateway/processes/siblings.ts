/** A process of several: what it learns from its parent, and what it learns of the others through it. */

import process from "node:process";
import type { Answer, Assignment, FromChild, FromParent, Query } from "./messages.ts";

export interface Siblings {
  readonly assignment: Assignment;
  /** What this process answers; the last one counts. */
  answer(query: Query, value: () => unknown): void;
  /** The answers of all processes, in their order; of this one alone where the parent is gone. */
  gather(query: Query): Promise<readonly Answer[]>;
}

export interface Channel {
  readonly siblings: Siblings;
  ready(urls: Readonly<Record<"url" | "grpcUrl", string>>): void;
  failed(message: string): void;
  /** Resolves to whether there is a grace period: the parent says so, or it is gone. */
  readonly drained: Promise<boolean>;
}

/** Past this, the parent does not answer. */
const answerMs = 3000;

/** Waits for the assignment of the parent that started this process. Undefined if there is no such parent. */
export async function openChannel(): Promise<Channel | undefined> {
  if (process.send === undefined) return undefined;
  const answers = new Map<Query, () => unknown>();
  const waiting = new Map<number, (answers: readonly Answer[]) => void>();
  const started = Promise.withResolvers<Assignment>();
  const drained = Promise.withResolvers<boolean>();
  process.on("message", (message: FromParent) => {
    if (message.kind === "start") started.resolve(message.assignment);
    else if (message.kind === "drain") drained.resolve(message.withGrace);
    else if (message.kind === "gathered") waiting.get(message.id)?.(message.answers);
    else void answer(message.id, answers.get(message.query));
  });
  // The parent was killed: what this process shares with the others ends with it.
  process.on("disconnect", () => drained.resolve(false));
  const assignment = await started.promise;
  let lastId = 0;

  async function gather(query: Query): Promise<readonly Answer[]> {
    const id = ++lastId;
    const gathered = Promise.withResolvers<readonly Answer[]>();
    waiting.set(id, gathered.resolve);
    const own = async () => {
      const value = await answers.get(query)?.();
      gathered.resolve([{ index: assignment.index, pid: process.pid, restarts: 0, value }]);
    };
    const timer = setTimeout(() => void own(), answerMs);
    send({ kind: "gather", id, query });
    const found = await gathered.promise;
    clearTimeout(timer);
    waiting.delete(id);
    return found;
  }

  return {
    siblings: {
      assignment,
      answer: (query, value) => void answers.set(query, value),
      gather,
    },
    ready: ({ url, grpcUrl }) => send({ kind: "ready", url, grpcUrl }),
    failed: (message) => send({ kind: "failed", message }),
    drained: drained.promise,
  };
}

async function answer(id: number, value: (() => unknown) | undefined): Promise<void> {
  let given: unknown;
  try {
    given = await value?.();
  } catch {
    // An answer that is missing says as much as its error would.
  }
  send({ kind: "answer", id, value: given });
}

/** Where the parent is gone, nobody reads it. */
function send(message: FromChild): void {
  if (process.connected) process.send?.(message);
}
