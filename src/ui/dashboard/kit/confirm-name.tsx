/** Asks before something is deleted: its name must be typed. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ErrorMessage } from "../../error-message.tsx";
import { SubmitButton, useWork, WorkForm } from "../../work.tsx";
import { Dialog } from "./dialog.tsx";

export function ConfirmName({
  title,
  name,
  action,
  onConfirm,
  onClose,
  children,
}: {
  readonly title: string;
  readonly name: string;
  /** The button: `Delete the topic`. */
  readonly action: string;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
  /** What it means: what is lost, and what uses it. */
  readonly children: ComponentChildren;
}) {
  const [typed, setTyped] = useState("");
  const work = useWork(typed === name);
  const confirm = async () => {
    await onConfirm();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <WorkForm work={work} onSubmit={confirm} class="">
        {children}
        <label>
          <span>
            Type <code>{name}</code> to confirm
          </span>
          <input
            autofocus
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <ErrorMessage text={work.failure} />
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Keep it
          </button>
          <SubmitButton work={work} class="danger">
            {action}
          </SubmitButton>
        </div>
      </WorkForm>
    </Dialog>
  );
}
