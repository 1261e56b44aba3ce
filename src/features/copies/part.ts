/** Copies: jobs that send records of one topic to another one. */

import type { Principals } from "../../core/access/principals.ts";
import type { RecordFilters } from "../../core/filter/record-filter.ts";
import type { Part, Platform } from "../part.ts";
import { Copies } from "./copies.ts";
import { copyEndpoints } from "./http/endpoints.ts";
import { mountCopies } from "./http/routes.ts";
import { createCopyStore } from "./store/copy-store.ts";

export interface CopiesOptions {
  readonly filters: RecordFilters;
  readonly principals: Principals;
}

export function openCopies(platform: Platform, options: CopiesOptions): Part {
  const ingest = platform.ingest.from("internal");
  const store = createCopyStore(platform.database);
  const copies = new Copies({ ...platform, ...options, ingest, store });
  copies.start();
  return {
    name: "copies",
    http: (app) => mountCopies(app, { ...platform, copies }),
    endpoints: copyEndpoints,
    close: () => copies.close(),
  };
}
