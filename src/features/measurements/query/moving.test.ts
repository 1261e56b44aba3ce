import { expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import { drawSeries, near, referenceOf } from "../../../../test/support/series-reference.ts";
import { cellsOf, windows } from "./cells.ts";
import { slidingMeans } from "./moving.ts";
import { Summary } from "./summary.ts";

test("each window's mean is that of its points, whatever the seed", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const endNs = 1_000_000n;
    const points = drawSeries(random, { fromNs: -endNs, toNs: endNs }, random.int(200));
    // From windows with gaps between them to some that hold all others.
    const spans = windows(0n, endNs, 1 + random.int(40), 1n + BigInt(random.int(2_000_000)));
    const cells = cellsOf(spans);
    const summaries = cells.map(({ fromNs, toNs }) => {
      const summary = new Summary(fromNs);
      for (const point of points) {
        if (point.timeNs >= fromNs && point.timeNs < toNs) summary.addPoint(point);
      }
      return summary.close(toNs);
    });
    const found = slidingMeans(spans, cells, summaries);
    for (const [i, span] of spans.entries()) {
      const wanted = referenceOf(points, span);
      expect(found[i]?.count).toBe(wanted.count);
      const scale = Math.max(1000, ...wanted.max.map(Math.abs), ...wanted.min.map(Math.abs));
      for (const [column, mean] of wanted.mean.entries()) {
        expect(near(found[i]?.means[column] ?? Number.NaN, mean, scale)).toBe(true);
      }
    }
  }
});
