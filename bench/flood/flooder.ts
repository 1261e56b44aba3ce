/** A caller that heeds no refusal: `flooder.ts URL REQUESTS_PER_SECOND`, with its key in `SLUICE_KEY`. */

import { setTimeout as sleep } from "node:timers/promises";

const [url = "", rate] = process.argv.slice(2);
const perSecond = Number(rate);
const key = process.env["SLUICE_KEY"] ?? "";
const sliceMs = 5;
const startedMs = performance.now();
let sent = 0;
for (;;) {
  const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond);
  for (; sent < due; sent++) {
    void fetch(url, {
      method: "POST",
      body: "{}",
      headers: { authorization: `Bearer ${key}` },
    }).then(
      (response) => response.body?.cancel(),
      // Whatever becomes of its requests, it sends the next.
      () => {},
    );
  }
  await sleep(sliceMs);
}
