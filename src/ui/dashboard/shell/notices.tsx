/** What is wrong with what the page shows: the socket is cut, the session has ended, the clocks differ. */

import { renderDuration } from "../../format.ts";
import { clockOffsetMs } from "../../gateway-time.ts";
import { Time } from "../kit/time.tsx";
import { useLink } from "./live.ts";
import { useSession } from "./session.ts";

export function Notices() {
  const link = useLink();
  const { endedAt, hadBegun } = useSession();
  const offsetMs = clockOffsetMs();
  return (
    <div class="notices" role="status">
      {link.state === "waiting" && endedAt === undefined && (
        <p class="notice">
          Live data is cut: {link.why}. It goes on after the last position as soon as the gateway
          answers.
        </p>
      )}
      {endedAt !== undefined && hadBegun && (
        <p class="notice">
          Signed out at <Time of={new Date(endedAt).toISOString()} />. What is shown stays, and goes
          on after its last position once somebody signs in.
        </p>
      )}
      {offsetMs !== 0 && (
        <p class="notice">
          The clock of this machine is {renderDuration(Math.abs(offsetMs) / 1000)}{" "}
          {offsetMs > 0 ? "behind" : "ahead of"} the gateway's. Ages and "now" are the gateway's.
        </p>
      )}
    </div>
  );
}
