// `npx` does not pass a SIGTERM on: it signals its shell, the shell ends, and `bun` below it gets no
// signal. So a gateway that was started through npx watches its ancestors, and treats the end of one
// of them as the signal.

import { readFileSync } from "node:fs";

const watchMs = 250;
// The parent (`bun start`), the shell of npx, and npx.
const generations = 3;

/** Calls `stop` once when the process was started through npx and an ancestor is gone. */
export function watchLauncher(stop: () => void): void {
  const before = ancestors();
  // Without npx an ancestor that ends is a terminal, which is not a reason to stop.
  const npx = before.findIndex(({ name }) => name.startsWith("npm "));
  if (npx === -1) return;

  const watched = before.slice(0, npx + 1).map(({ id }) => id);
  const timer = setInterval(() => {
    const now = ancestors();
    if (watched.every((id, generation) => now[generation]?.id === id)) return;
    clearInterval(timer);
    stop();
  }, watchMs);
  timer.unref();
}

/** From the parent up; none where the system has no /proc. */
function ancestors(): { id: number; name: string }[] {
  const found: { id: number; name: string }[] = [];
  let id = process.ppid;
  try {
    while (found.length < generations && id > 1) {
      // `<id> (<name>) <state> <parent> …`, where the name may hold spaces and brackets.
      const stat = readFileSync(`/proc/${id}/stat`, "utf8");
      const end = stat.lastIndexOf(")");
      found.push({ id, name: stat.slice(stat.indexOf("(") + 1, end) });
      id = Number(stat.slice(end + 2).split(" ")[1]);
    }
  } catch {
    // An ancestor ended while it was read, or there is no /proc: the list is shorter then.
  }
  return found;
}
