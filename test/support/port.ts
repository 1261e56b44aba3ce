/** Ports for servers that tests start or name before they start. */
export { freePort } from "../../src/postgres/embedded/port.ts";
