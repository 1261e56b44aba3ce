/** The state of a stream as a word and a colour. */

const words = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  paused: "Paused",
  ended: "Ended",
  refused: "Refused",
  history: "History",
  closed: "Closed",
  out: "Signed out",
} as const;

export type Shown = keyof typeof words;

export function Badge({
  state,
  title,
}: {
  readonly state: Shown;
  readonly title?: string | undefined;
}) {
  return (
    <span class={`badge ${state}`} role="status" {...(title === undefined ? {} : { title })}>
      {words[state]}
    </span>
  );
}
