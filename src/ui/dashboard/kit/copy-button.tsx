/** Copies a text, also where the Clipboard API is missing because the page came over plain HTTP. */

import { useEffect, useState } from "preact/hooks";

const shownMs = 1500;

export function CopyButton({
  text,
  label = "Copy",
}: {
  /** What is copied, or makes it. */
  readonly text: string | (() => string | Promise<string>);
  readonly label?: string;
}) {
  const [outcome, setOutcome] = useState<"copied" | "failed">();
  useEffect(() => {
    if (outcome === undefined) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), shownMs);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = async () => {
    try {
      const value = typeof text === "string" ? text : await text();
      setOutcome((await copyText(value)) ? "copied" : "failed");
    } catch {
      setOutcome("failed");
    }
  };
  const words = { copied: "Copied", failed: "Not copied" };
  return (
    <button type="button" class="copy" onClick={() => void copy()}>
      {outcome === undefined ? label : words[outcome]}
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  // The type says that it is always there; browsers have it in secure contexts alone.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) {
    try {
      await clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed: the old way may be.
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  // A dialog makes everything outside itself inert.
  const parent = document.querySelector("dialog[open]") ?? document.body;
  parent.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
