/** The message to send on a socket. */
export function SendForm({
  text,
  setText,
  canSend,
  send,
}: {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly canSend: boolean;
  readonly send: (text: string) => void;
}) {
  return (
    <form
      class="watch-send"
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
      }}
    >
      <input
        aria-label="Message to send"
        value={text}
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" disabled={!canSend}>
        Send
      </button>
    </form>
  );
}
