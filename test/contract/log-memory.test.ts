import { systemClock } from "../../src/core/clock.ts";
import { MemoryBroker } from "../../src/log/memory/memory-broker.ts";
import { createMemoryLog } from "../../src/log/memory/memory-log.ts";
import { logContract } from "./log.ts";

const broker = new MemoryBroker();

logContract("memory", {
  open: async () => createMemoryLog({ clock: systemClock, broker }),
  trim: () => createMemoryLog({ clock: systemClock, broker }).sweep(),
  cleanup: async () => {},
});
