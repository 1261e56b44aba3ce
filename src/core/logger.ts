/** The port of log lines: `src/gateway/` writes them as JSON, tests collect or drop them. */

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<{ [name: string]: string | number | boolean | undefined }>;
export type Logger = (level: LogLevel, message: string, fields?: LogFields) => void;

export const silent: Logger = () => {};
