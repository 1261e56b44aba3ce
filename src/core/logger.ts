/** The port of log lines: `src/gateway/` writes them as JSON, tests collect or drop them. */

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<{ [name: string]: string | number | boolean | undefined }>;
/** `audit`: who changed what (`access/audit.ts`), which no setting suppresses. */
export type Logger = (level: LogLevel | "audit", message: string, fields?: LogFields) => void;

export const silent: Logger = () => {};
