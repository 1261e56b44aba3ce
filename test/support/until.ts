/** Waiting in tests: for something to become true, never for a fixed time. */

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The first answer that is neither undefined nor false. Throws with `what` after `msMax`. */
export async function until<Answer>(
  what: string,
  msMax: number,
  ask: () => Answer | undefined | false | Promise<Answer | undefined | false>,
): Promise<Answer> {
  const deadline = performance.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${msMax} ms in vain: ${what}`);
    await pause(20);
  }
}

/** The promise's value. Throws with `what` after `msMax`. */
export async function within<Value>(
  what: string,
  msMax: number,
  value: Promise<Value>,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${msMax} ms in vain: ${what}`)), msMax);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
