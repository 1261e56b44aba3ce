/** Starts and stops simulators, where the gateway's settings allow it. */

import { ErrorMessage } from "../../../error-message.tsx";
import { request } from "../../../http.ts";
import { useWork, WorkButton } from "../../../work.tsx";
import { usePolled } from "../../kit/polled.ts";
import { may, useMe } from "../../shell/session.ts";

interface Demo {
  /** False: the settings do not allow it. */
  readonly enabled: boolean;
  readonly running: boolean;
}

async function readDemo(): Promise<Demo> {
  return await request<Demo>("/v1/demo");
}

export function DemoSwitch() {
  const me = useMe();
  return may(me, "manage", "node:demo") ? <Switch /> : null;
}

function Switch() {
  const { answer: demo, refresh } = usePolled(readDemo, 10_000);
  const work = useWork();
  if (demo?.enabled !== true) return null;
  const turn = async () => {
    await request("/v1/demo", { method: demo.running ? "DELETE" : "POST" });
    refresh();
  };
  return (
    <div>
      <WorkButton work={work} onPress={turn} isPressed={demo.running}>
        {demo.running ? "Stop demo data" : "Start demo data"}
      </WorkButton>
      <ErrorMessage text={work.failure} />
    </div>
  );
}
