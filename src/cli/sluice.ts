/** All commands, in the order in which help shows them. */

import { analyse } from "./analyse.ts";
import { bench } from "./bench.ts";
import type { CommandGroup } from "./command/command.ts";
import { createCompletion } from "./completion.ts";
import { consume } from "./consume.ts";
import { emitter } from "./emitter.ts";
import { health } from "./health.ts";
import { key } from "./key.ts";
import { publish } from "./publish.ts";
import { schema } from "./schema.ts";
import { serve } from "./serve.ts";
import { simulate } from "./simulate.ts";
import { topic } from "./topic.ts";
import { watch } from "./watch.ts";

export const sluice: CommandGroup = {
  name: "sluice",
  summary: "an edge gateway for event streams, and the programs around it",
  description: `Every command that talks to a gateway takes --url and --api-key, or SLUICE_URL
and SLUICE_KEY from the environment.
Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted before it was done.
\`sluice --version\` prints the version.`,
  commands: [
    serve,
    health,
    publish,
    watch,
    consume,
    emitter,
    topic,
    schema,
    key,
    simulate,
    analyse,
    bench,
    createCompletion(() => sluice),
  ],
};
