/** A wrong argument: its message is shown, then the command's usage. */
export class UsageError extends Error {}
