/** Search over any page: the button of the bar, and Ctrl-K. What it finds with is loaded when it is first opened. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { go } from "./place.ts";
import { useMe } from "./session.ts";

interface Loaded {
  readonly Palette: ComponentType<{ readonly onClose: () => void }>;
}

export function Search() {
  const me = useMe();
  const [loaded, setLoaded] = useState<Loaded>();
  const [isOpen, setIsOpen] = useState(false);
  const open = () => {
    setIsOpen(true);
    if (loaded !== undefined) return;
    import("../areas/find/palette.tsx").then(
      ({ Palette }) => setLoaded({ Palette }),
      // Its page says what is wrong.
      () => go("/find"),
    );
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isShortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
      if (!isShortcut || event.altKey || event.shiftKey) return;
      // Browsers have it for their own search.
      event.preventDefault();
      open();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });
  if (me === undefined || (me.closed && me.grants.length === 0)) return null;
  return (
    <>
      <button type="button" onClick={open} aria-keyshortcuts="Control+K">
        Find <kbd class="about">Ctrl K</kbd>
      </button>
      {isOpen && loaded !== undefined && <loaded.Palette onClose={() => setIsOpen(false)} />}
    </>
  );
}
