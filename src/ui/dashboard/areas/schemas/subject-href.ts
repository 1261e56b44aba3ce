/** The address of a subject: its name stands in the query, because it may contain a slash. */

import { hrefTo } from "../../shell/place.ts";

export interface SubjectView {
  readonly v?: number | undefined;
  readonly against?: number | undefined;
  readonly tab?: Tab | undefined;
}

export const tabs = ["text", "diff", "refs", "used", "check"] as const;
export type Tab = (typeof tabs)[number];

export function subjectHref(subject: string, { v, against, tab }: SubjectView = {}): string {
  return hrefTo("/schemas/subject", {
    s: subject,
    v: v === undefined ? undefined : String(v),
    against: against === undefined ? undefined : String(against),
    tab,
  });
}
