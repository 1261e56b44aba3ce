import { expect, test } from "bun:test";
import { queryFromStreams, streamsFromQuery } from "./streams-view.ts";

function addressOf(query: ReturnType<typeof queryFromStreams>): string {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of values ?? []) search.append(name, value);
  }
  return search.toString();
}

test("each stream has its filter, whatever its place in the address", () => {
  const address = "s=topic:orders&s=series:a@b&s=app:shop&where=&where=&where=value.n+%3E+1&text=x";
  const { shown, wrong } = streamsFromQuery(new URLSearchParams(address));
  expect(wrong).toEqual([]);
  expect(shown.map(({ source: { name }, filter }) => [name, filter.where, filter.text])).toEqual([
    ["orders", undefined, "x"],
    ["a@b", undefined, undefined],
    ["shop", "value.n > 1", undefined],
  ]);
  const again = streamsFromQuery(new URLSearchParams(addressOf(queryFromStreams(shown))));
  expect(again.shown).toEqual(shown);
});

test("what names nothing takes its filter with it", () => {
  const address = "s=nonsense&s=topic:orders&where=a&where=b";
  const { shown, wrong } = streamsFromQuery(new URLSearchParams(address));
  expect(wrong).toEqual(["nonsense"]);
  expect(shown.map(({ filter }) => filter.where)).toEqual(["b"]);
});

test("streams without a filter leave none in the address", () => {
  const { shown } = streamsFromQuery(new URLSearchParams("s=topic:orders&where=&text="));
  expect(addressOf(queryFromStreams(shown))).toBe("s=topic%3Aorders");
});
