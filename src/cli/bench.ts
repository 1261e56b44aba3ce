/** `sluice bench` is a program beside the gateway: the command line knows where it is, nothing else. */
export { bench } from "../../bench/main.ts";
