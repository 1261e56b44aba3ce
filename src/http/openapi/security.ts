/** What each operation of the document needs of its caller, and the ways to show who one is. */

import type { Access } from "../../core/access/need.ts";
import { ticketParameter } from "../credentials/url-credentials.ts";
import type { SecurityRequirement, SecurityScheme } from "./model.ts";

export const securitySchemes = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "An API key or a JSON web token.",
  },
  basic: {
    type: "http",
    scheme: "basic",
    description: "The key or token as the password; the user name may be anything.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "sluice_session",
    description: "Of the gateway's own pages. It does not count in requests of other sites.",
  },
  ticket: {
    type: "apiKey",
    in: "query",
    name: ticketParameter,
    description: "From `POST /v1/tickets`, for what cannot send headers: used once, within 30 s.",
  },
} as const satisfies Readonly<Record<string, SecurityScheme>>;

const byHeader: readonly SecurityRequirement[] = [{ bearer: [] }, { basic: [] }, { session: [] }];

/** One of these. Endpoints that a browser opens without headers take a ticket as well. */
export function securityOf(access: Access, isEndless: boolean): readonly SecurityRequirement[] {
  if (access.kind === "public") return [];
  return isEndless ? [...byHeader, { ticket: [] }] : byHeader;
}

/** The grant as an API key has it: a parameter's name in braces, words in place of several names. */
export function grantNeeded(access: Access): string | undefined {
  if (access.kind === "public") return undefined;
  const { action, resource, of } = access;
  return `${action} ${resource}:${nameNeeded(of)}`;
}

function nameNeeded(of: Extract<Access, { kind: "grant" }>["of"]): string {
  if ("param" in of) return `{${of.param}}`;
  if ("name" in of) return of.name;
  if ("all" in of) return "*";
  return `… (${"some" in of ? of.some : of.handler})`;
}
