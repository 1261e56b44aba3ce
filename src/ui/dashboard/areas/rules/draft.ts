/** The fields of the form of a rule, as texts, and the configuration that they stand for. */

import type { IdAt, Rule, RuleConfig } from "./api.ts";

export interface Draft {
  readonly name: string;
  readonly over: "topics" | "events";
  /** One a line. */
  readonly places: string;
  readonly app: string;
  readonly idAt: "pointer" | "field" | "key";
  readonly idPath: string;
  readonly output: string;
  /** Seconds; empty: none. */
  readonly deadline: string;
  readonly keep: string;
  readonly from: "now" | "earliest";
}

export const emptyDraft: Draft = {
  name: "",
  over: "topics",
  places: "",
  app: "",
  idAt: "pointer",
  idPath: "/message_id",
  output: "",
  deadline: "60",
  keep: "86400",
  from: "now",
};

export function draftFrom(rule: Rule): Draft {
  const { id = { pointer: "/message_id" } } = rule;
  return {
    name: rule.name,
    over: rule.topics === undefined ? "events" : "topics",
    places: (rule.topics ?? rule.events ?? []).join("\n"),
    app: rule.app_id ?? "",
    ...idFields(id),
    output: rule.output,
    deadline: rule.deadline_ms === undefined ? "" : String(rule.deadline_ms / 1000),
    keep: String(rule.keep_ms / 1000),
    from: rule.from,
  };
}

function idFields(id: IdAt): Pick<Draft, "idAt" | "idPath"> {
  if ("key" in id) return { idAt: "key", idPath: "" };
  if ("field" in id) return { idAt: "field", idPath: id.field };
  return { idAt: "pointer", idPath: id.pointer };
}

export function configFrom(draft: Draft): RuleConfig {
  const places = draft.places
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const deadlineMs = msFrom(draft.deadline);
  const keepMs = msFrom(draft.keep);
  const common = {
    output: draft.output.trim(),
    ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    ...(keepMs === undefined ? {} : { keep_ms: keepMs }),
    from: draft.from,
  };
  if (draft.over === "topics") return { topics: places, id: idFrom(draft), ...common };
  return { events: places, ...(draft.app === "" ? {} : { app_id: draft.app }), ...common };
}

function idFrom({ idAt, idPath }: Draft): IdAt {
  if (idAt === "key") return { key: true };
  return idAt === "field" ? { field: idPath.trim() } : { pointer: idPath.trim() };
}

/** The browser gives what is no number as an empty text, and sends no such form. */
function msFrom(seconds: string): number | undefined {
  return seconds === "" ? undefined : Math.round(Number(seconds) * 1000);
}
