/**
 * What a form or a button sets going: one at a time, and its failure in words. A second press while it
 * runs does nothing, whether by a double click, by Enter twice, or by a key that is held.
 */

import type { ComponentChildren } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import { useFirstField } from "./first-field.ts";
import { messageOf } from "./http.ts";

export interface Work {
  readonly isBusy: boolean;
  /** Why the last one failed; undefined once another one has begun. */
  readonly failure: string | undefined;
  /** Whether it may begin: nothing else runs, and all that it needs is there. */
  readonly isReady: boolean;
  /** Does nothing where it may not begin. */
  readonly run: (task: () => Promise<unknown>) => void;
}

/** `hasAll`: whether everything is filled in that it needs. */
export function useWork(hasAll = true): Work {
  const [isBusy, setIsBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  // State follows with the next drawing, and both clicks of a double click may come before it.
  const isRunning = useRef(false);
  const mayBegin = useRef(hasAll);
  mayBegin.current = hasAll;
  const run = useCallback((task: () => Promise<unknown>) => {
    if (isRunning.current || !mayBegin.current) return;
    isRunning.current = true;
    setIsBusy(true);
    setFailure(undefined);
    task()
      .catch((error: unknown) => setFailure(messageOf(error)))
      .finally(() => {
        isRunning.current = false;
        setIsBusy(false);
      });
  }, []);
  return { isBusy, failure, isReady: hasAll && !isBusy, run };
}

export function WorkForm({
  work,
  onSubmit,
  class: name = "form",
  label,
  takesFocus = false,
  children,
}: {
  readonly work: Work;
  readonly onSubmit: () => Promise<unknown>;
  readonly class?: string;
  readonly label?: string;
  /** Whether its first field has the focus once it is drawn. */
  readonly takesFocus?: boolean;
  readonly children: ComponentChildren;
}) {
  const form = useFirstField(takesFocus);
  return (
    <form
      ref={form}
      class={name}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        work.run(onSubmit);
      }}
      onKeyDown={ignoreHeld}
    >
      {children}
    </form>
  );
}

interface WorkButtonProps {
  readonly work: Work;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** The button of a `WorkForm`. */
export function SubmitButton({ work, class: name = "primary", children }: WorkButtonProps) {
  return (
    <button
      type="submit"
      class={name}
      aria-disabled={!work.isReady}
      aria-busy={work.isBusy}
      onClick={onlyFirst}
    >
      {children}
    </button>
  );
}

/** A button that does one thing by itself. */
export function WorkButton({
  work,
  onPress,
  class: name = "",
  isPressed,
  children,
}: WorkButtonProps & {
  readonly onPress: () => Promise<unknown>;
  /** For a button that switches something on and off. */
  readonly isPressed?: boolean;
}) {
  return (
    <button
      type="button"
      class={name}
      aria-pressed={isPressed}
      aria-disabled={!work.isReady}
      aria-busy={work.isBusy}
      onClick={(event) => {
        if (onlyFirst(event)) work.run(onPress);
      }}
      onKeyDown={ignoreHeld}
    >
      {children}
    </button>
  );
}

/** The second click of a double click is no second wish, also where the first one was fast. */
function onlyFirst(event: MouseEvent): boolean {
  const isFirst = event.detail <= 1;
  if (!isFirst) event.preventDefault();
  return isFirst;
}

/** A key that is held repeats: what it started has been started. A text takes each new line. */
function ignoreHeld(event: KeyboardEvent): void {
  const isText = event.target instanceof HTMLTextAreaElement;
  if (event.repeat && event.key === "Enter" && !isText) event.preventDefault();
}

/** What a button does, unless it is off for now. It keeps the focus then; a disabled one loses it. */
export function offWhile(isOff: boolean, onPress: (() => void) | undefined) {
  return {
    "aria-disabled": isOff,
    onClick: () => {
      if (!isOff) onPress?.();
    },
  };
}
