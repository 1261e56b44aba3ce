/** `/login` in the browser. */

import { render } from "preact";
import { LoginForm } from "./form.tsx";

const root = document.querySelector("#app");
if (root !== null) render(<LoginForm />, root);
