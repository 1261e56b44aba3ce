/**
 * `MarsWeb.GrpcService.MarsGrpc` behind connect-es: every protocol, codec and compression that the
 * thin path (`thin-events.ts`) does not serve.
 */

import { toBinary } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { needs } from "../../../core/access/need.ts";
import { EventRequestSchema, MarsGrpc } from "../../../gen/marsweb/event_pb.ts";
import { callerOf, serviceAccess } from "../../../rpc/access.ts";
import type { EventIntake } from "../intake.ts";

export const marsAccess = serviceAccess(MarsGrpc, {
  collectEvent: needs("append", "app", { some: "the app of the event" }),
});

export function mountMars(router: ConnectRouter, events: EventIntake): void {
  router.service(MarsGrpc, {
    async collectEvent(request, { values }) {
      const bytes = toBinary(EventRequestSchema, request);
      await events.takeRequest(bytes, 0, bytes.byteLength, callerOf(values));
      return { success: true };
    },
  });
}
