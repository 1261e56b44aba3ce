/** Wrong words on the command line: reported in one line with how the command is used, exit code 2. */
export class UsageError extends Error {}
