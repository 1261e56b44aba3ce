/** Repeats the check until it passes. After `withinMs` the last failure is thrown. */
export async function eventually(check: () => unknown, withinMs = 5000): Promise<void> {
  const lateMs = Date.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > lateMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
