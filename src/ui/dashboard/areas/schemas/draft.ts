/** A text that is being typed, kept by the tab: it survives a reload and is too long for an address. */

import type { Submission } from "./registry.ts";

const charsMax = 1_000_000;

function nameOf(subject: string): string {
  return `sluice schema draft ${subject}`;
}

export function keptDraft(subject: string): Submission | undefined {
  try {
    const kept = sessionStorage.getItem(nameOf(subject));
    if (kept === null) return undefined;
    const { text, references } = JSON.parse(kept) as Partial<Submission>;
    return typeof text === "string" && Array.isArray(references) ? { text, references } : undefined;
  } catch {
    // The browser keeps nothing, or something else was kept.
    return undefined;
  }
}

export function keepDraft(subject: string, draft: Submission): void {
  const kept = JSON.stringify(draft);
  try {
    if (kept.length > charsMax) sessionStorage.removeItem(nameOf(subject));
    else sessionStorage.setItem(nameOf(subject), kept);
  } catch {
    // It is full or forbidden: a reload begins again.
  }
}

export function dropDraft(subject: string): void {
  try {
    sessionStorage.removeItem(nameOf(subject));
  } catch {
    // Nothing was kept.
  }
}
