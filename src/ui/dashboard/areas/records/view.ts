/** What the page of a topic's messages shows, as its address has it. */

export type ValueView = "decoded" | "raw" | "hex";
export const valueViews: readonly ValueView[] = ["decoded", "raw", "hex"];

export interface RecordsView {
  /** `latest`, `earliest`, a position, or a time in RFC 3339. */
  readonly from: string;
  readonly key: string | undefined;
  readonly where: string | undefined;
  readonly text: string | undefined;
  readonly cols: readonly string[];
  readonly view: ValueView;
  readonly live: boolean;
  /** The position of the record that is open. */
  readonly sel: string | undefined;
}

export const defaultCols: readonly string[] = ["time", "key", "schema", "size", "value"];
const colsMax = 12;

export function viewFromQuery(query: URLSearchParams): RecordsView {
  const text = (name: string) => query.get(name) || undefined;
  const cols = (query.get("cols") ?? "").split(",").filter((col) => col !== "");
  return {
    from: text("from") ?? "latest",
    key: text("key"),
    where: text("where"),
    text: text("text"),
    cols: cols.length === 0 ? defaultCols : cols.slice(0, colsMax),
    view: valueViews.find((view) => view === query.get("view")) ?? "decoded",
    live: query.get("live") === "1",
    sel: text("sel"),
  };
}

export function isFiltered({ key, where, text }: RecordsView): boolean {
  return (key ?? where ?? text) !== undefined;
}

export type Start =
  | { readonly kind: "latest" }
  | { readonly kind: "after"; readonly position: string }
  | { readonly kind: "time"; readonly time: string };

const positionPattern = /^[0-9a-z]{2,12}-[0-9a-z]{2,12}(-[0-9a-z]{2,12})?$/;

export function startOf({ from }: RecordsView): Start {
  if (from === "latest") return { kind: "latest" };
  if (from === "earliest" || positionPattern.test(from)) return { kind: "after", position: from };
  return { kind: "time", time: from };
}

/** The filter alone, as the parameters of pages and exports. */
export function filterQuery({ key, where, text }: RecordsView): Record<string, string> {
  return {
    ...(key === undefined ? {} : { key }),
    ...(where === undefined ? {} : { where }),
    ...(text === undefined ? {} : { text }),
  };
}

/** Values of which columns show a field are needed whole, as far as that is cheap. */
export function previewBytes({ cols }: RecordsView): number {
  return cols.some((col) => col.startsWith("value.")) ? 4096 : 256;
}
