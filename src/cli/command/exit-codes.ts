/** How a command ends; docs/cli.md lists them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** SIGINT before the work was done: 128 and the signal's number, as shells report it. */
  interrupted: 130,
  terminated: 143,
} as const;
