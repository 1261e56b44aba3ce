/** The same over any page, for Ctrl-K. */

import { useState } from "preact/hooks";
import { Dialog } from "../../kit/dialog.tsx";
import { FindBox } from "./find-box.tsx";

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState("");
  return (
    <Dialog title="Find" onClose={onClose}>
      <FindBox text={text} setText={setText} onGo={onClose} />
    </Dialog>
  );
}
