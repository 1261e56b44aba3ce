/** The last expressions of each topic, in this browser alone. */

const kept = 10;

function nameOf(topic: string): string {
  return `sluice.where.${topic}`;
}

/** The newest first. */
export function usedFilters(topic: string): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(nameOf(topic)) ?? "[]");
    return Array.isArray(found) ? found.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

export function noteFilter(topic: string, where: string): void {
  try {
    const others = usedFilters(topic).filter((text) => text !== where);
    localStorage.setItem(nameOf(topic), JSON.stringify([where, ...others].slice(0, kept)));
  } catch {
    // Without storage there is nothing to offer next time.
  }
}
