/** What an empty page is for, and the command or button that fills it. */

import type { ComponentChildren } from "preact";
import { CopyButton } from "./copy-button.tsx";

export function Empty({
  title,
  command,
  children,
}: {
  readonly title: string;
  /** For a shell. */
  readonly command?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="empty-page">
      <h2>{title}</h2>
      {children}
      {command !== undefined && <Command text={command} />}
    </div>
  );
}

/** A command to copy. */
export function Command({ text }: { readonly text: string }) {
  return (
    <p class="command">
      <code>{text}</code>
      <CopyButton text={text} />
    </p>
  );
}
