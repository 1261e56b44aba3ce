/** `/ui/find`: anything by its name. */

import { useQueryText } from "../../shell/place.ts";
import { FindBox } from "./find-box.tsx";

export function Page() {
  const [q, setQ] = useQueryText("q");
  return (
    <div class="page">
      <h1>Find</h1>
      <FindBox text={q} setText={setQ} />
    </div>
  );
}
