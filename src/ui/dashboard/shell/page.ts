/** What every page is drawn with. */

export interface PageProps {
  /** What the path's `:names` stand for, decoded. */
  readonly params: Readonly<Record<string, string>>;
}
