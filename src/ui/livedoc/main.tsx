/** `/livedoc` in the browser. */

import { render } from "preact";
import { showReference } from "./reference.ts";
import { WatchPanel } from "./watch-panel.tsx";

const panel = document.querySelector("#watch");
if (panel !== null) render(<WatchPanel />, panel);
showReference("#reference");
