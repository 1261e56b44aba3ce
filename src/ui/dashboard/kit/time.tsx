/** A time in the zone of the page, with all its digits; its age where the mouse rests. */

import { renderAge } from "../../format.ts";
import { gatewayNow } from "../../gateway-time.ts";
import { useZone } from "../shell/zone.ts";
import { renderClock, renderTime, timeParts } from "./time-text.ts";

export function Time({
  of: text,
  show = "full",
}: {
  /** RFC 3339. */
  readonly of: string;
  /** `clock` leaves out the date and the zone, for rows below a head that has them. */
  readonly show?: "full" | "clock";
}) {
  const [zone] = useZone();
  const parts = timeParts(text, zone);
  if (parts === undefined) return <span>{text}</span>;
  const full = renderTime(text, zone);
  return (
    <time dateTime={text} title={`${full}, ${renderAge(text, gatewayNow())} ago`}>
      {show === "full" ? full : renderClock(parts)}
    </time>
  );
}

/** How long ago it was, by the gateway's clock; the time where the mouse rests. */
export function Age({ of: text }: { readonly of: string }) {
  const [zone] = useZone();
  return (
    <time dateTime={text} title={renderTime(text, zone)}>
      {renderAge(text, gatewayNow())}
    </time>
  );
}
