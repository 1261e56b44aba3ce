/** The client on Deno: `deno run --allow-net test/deno/client.ts <url>`, see `test/e2e/client/client-runtimes.test.ts`. */

import { clientScenario } from "../e2e/client/client-scenario.ts";

const [url = "http://localhost:9000"] = Deno.args;
console.log(await clientScenario(url, "deno"));
Deno.exit(0);
