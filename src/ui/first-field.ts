/**
 * A form that a button has opened: its first field has the focus as soon as the form is there, so that no
 * key that is typed gets lost. A dialog sees to that by itself.
 */

import { useLayoutEffect, useRef } from "preact/hooks";

export function useFirstField(isWanted = true) {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    if (isWanted) form.current?.querySelector<HTMLElement>("input, select, textarea")?.focus();
  }, []);
  return form;
}
