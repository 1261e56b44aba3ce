/** Ids and parameters that the endpoints of events and of lifecycles share. */

import { z } from "zod";
import { optional, parameter } from "../../../http/endpoint/parameter.ts";
import { idBytesMax, parseEventId } from "../event.ts";

export const idShape = z
  .string()
  .min(1)
  .max(idBytesMax)
  .describe(`1 to ${idBytesMax} bytes without control characters`);

function idParameter(description: string, example?: string) {
  const { parse: _, ...required } = parameter(description, idShape, String, example);
  return {
    ...required,
    parse: (text: string | undefined, field: string) => parseEventId(field, text),
  };
}

/** One that a query may leave out. */
export function idFilter(description: string) {
  return optional(idParameter(description));
}

export const messageId = { message_id: idParameter("The message's id", "order-4711") };
export const appId = { app_id: idParameter("The app's id", "shop") };
