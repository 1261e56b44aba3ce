/** Numbers and times for people. */

export function renderBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

export function renderCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** The two largest units: `3 h 12 min`. */
export function renderDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const from = parts.findIndex(([value]) => value > 0);
  if (from < 0) return "0 s";
  return parts
    .slice(from, from + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

export function renderAge(time: string, nowMs: number): string {
  return renderDuration(Math.max(0, (nowMs - Date.parse(time)) / 1000));
}
