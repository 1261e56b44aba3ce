/** `/ui` in the browser. */

import { render } from "preact";
import { App } from "./shell/app.tsx";
import { keepFocus } from "./shell/focus.ts";
import { followLinks, leaveHash } from "./shell/place.ts";
import { beginSession } from "./shell/session.ts";

leaveHash();
followLinks();
keepFocus();
void beginSession();
const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
