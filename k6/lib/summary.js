// The summary as text on the terminal and as a page: `summary.html`, or the path in SUMMARY.

const path = __ENV.SUMMARY || "summary.html";

export function handleSummary(data) {
  const rows = Object.entries(data.metrics)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, metric]) => rowOf(name, metric));
  const failed = rows.filter(({ verdict }) => verdict === "failed").length;
  const checks = checksOf(data.root_group);
  return {
    stdout: text(rows, checks, failed),
    [path]: page(rows, checks, failed, data.state.testRunDurationMs),
  };
}

function rowOf(name, { type, contains, values, thresholds = {} }) {
  const shown = Object.entries(values).map(
    ([key, value]) => `${key}=${valueText(key, value, contains)}`,
  );
  const limits = Object.entries(thresholds).map(([rule, { ok }]) => ({ rule, ok }));
  const verdict = limits.length === 0 ? "" : limits.every(({ ok }) => ok) ? "passed" : "failed";
  return { name, type, shown: shown.join("  "), limits, verdict };
}

function valueText(key, value, contains) {
  if (key === "rate" && contains !== "data") return value.toFixed(value < 1 ? 4 : 1);
  if (contains === "time") return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
  if (contains === "data") return `${(value / 1024).toFixed(0)} KiB`;
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function checksOf({ checks = [], groups = [] }) {
  return [...checks, ...groups.flatMap(checksOf)];
}

function text(rows, checks, failed) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = [
    ...checks.map(
      ({ name, passes, fails }) =>
        `${fails === 0 ? "ok  " : "FAIL"} ${name}: ${passes} of ${passes + fails}`,
    ),
    "",
    ...rows.map(
      ({ name, shown, verdict }) => `${name.padEnd(width)}  ${verdict.padEnd(6)}  ${shown}`,
    ),
    "",
    failed === 0 ? "All thresholds hold." : `${failed} thresholds do not hold.`,
    "",
  ];
  return lines.join("\n");
}

function page(rows, checks, failed, durationMs) {
  const table = rows.map(
    ({ name, shown, limits, verdict }) =>
      `<tr class="${verdict}"><th>${escaped(name)}</th><td>${limits.map(({ rule, ok }) => `${escaped(rule)} ${ok ? "✓" : "✗"}`).join("<br>")}</td><td>${escaped(shown)}</td></tr>`,
  );
  const list = checks.map(
    ({ name, passes, fails }) =>
      `<tr class="${fails === 0 ? "passed" : "failed"}"><th>${escaped(name)}</th><td>${passes}</td><td>${fails}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sluice under load</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color-scheme: light dark }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 } th, td { text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top; border-bottom: 1px solid #8884 }
td { font-variant-numeric: tabular-nums } .failed th { color: #c33 } .passed th { color: #293 }
</style>
<h1>Sluice under load</h1>
<p>${failed === 0 ? "All thresholds hold." : `${failed} thresholds do not hold.`} ${(durationMs / 1000).toFixed(0)} s.</p>
<h2>Checks</h2><table><tr><th>check</th><td>passed</td><td>failed</td></tr>${list.join("")}</table>
<h2>Metrics</h2><table><tr><th>metric</th><td>thresholds</td><td>values</td></tr>${table.join("")}</table>
`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
