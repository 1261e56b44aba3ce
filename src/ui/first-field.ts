/** A form that a button has opened: its first field has the focus next. A dialog sees to that by itself. */

import { useEffect, useRef } from "preact/hooks";

export function useFirstField(isWanted = true) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (isWanted) form.current?.querySelector<HTMLElement>("input, select, textarea")?.focus();
  }, []);
  return form;
}
