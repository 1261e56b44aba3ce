/**
 * Colours as canvases take them. The style sheet has them by theme; a hidden element for each finds
 * out what they are now. With forced colours all lines have the same one, and differ by their dashes.
 */

export interface LineColour {
  readonly line: string;
  readonly band: string;
  readonly dash: readonly number[];
}

export interface PlotColours {
  readonly text: string;
  readonly grid: string;
  /** Of hatching: nothing was measured. */
  readonly empty: string;
  /** Of what is not known yet. */
  readonly later: string;
  readonly lines: readonly LineColour[];
}

/** Lines that can be told apart; more are not drawn. */
export const linesMax = 12;
const hues = 6;
const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [14, 4], [4, 2]];

/** The classes of a line's legend: its colour, and whether it is dashed. */
export function lineClass(index: number): string {
  return `plot-line plot-hue-${index % hues} plot-dash-${Math.floor(index / hues)}`;
}

export function readColours(box: HTMLElement): PlotColours {
  const probe = document.createElement("i");
  probe.className = "plot-probe";
  box.append(probe);
  const colourOf = (name: string) => {
    probe.className = `plot-probe ${name}`;
    return getComputedStyle(probe).color;
  };
  const isForced = matchMedia("(forced-colors: active)").matches;
  const lines = Array.from({ length: linesMax }, (_, index) => ({
    line: colourOf(`plot-hue-${index % hues}`),
    band: colourOf(`plot-band-${index % hues}`),
    dash: dashes[isForced ? index % hues : Math.floor(index / hues)] ?? [],
  }));
  const colours = {
    text: colourOf("plot-text"),
    grid: colourOf("plot-grid"),
    empty: colourOf("plot-empty"),
    later: colourOf("plot-later"),
    lines,
  };
  probe.remove();
  return colours;
}

/** Calls back when the colours may have changed; returns how to stop that. */
export function onColours(changed: () => void): () => void {
  const queries = [
    matchMedia("(prefers-color-scheme: dark)"),
    matchMedia("(forced-colors: active)"),
  ];
  for (const query of queries) query.addEventListener("change", changed);
  addEventListener("sluice-theme", changed);
  return () => {
    for (const query of queries) query.removeEventListener("change", changed);
    removeEventListener("sluice-theme", changed);
  };
}
