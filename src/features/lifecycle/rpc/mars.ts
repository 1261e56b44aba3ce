/**
 * `MarsWeb.GrpcService.MarsGrpc` behind connect-es: every protocol, codec and compression that the
 * thin path (`thin-events.ts`) does not serve.
 */

import { toBinary } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { openCaller } from "../../../core/access/caller.ts";
import { EventRequestSchema, MarsGrpc } from "../../../gen/marsweb/event_pb.ts";
import type { EventIntake } from "../intake.ts";

export function mountMars(router: ConnectRouter, events: EventIntake): void {
  router.service(MarsGrpc, {
    async collectEvent(request) {
      const bytes = toBinary(EventRequestSchema, request);
      await events.takeRequest(bytes, 0, bytes.byteLength, openCaller);
      return { success: true };
    },
  });
}
