/** Log lines, as a port: `src/gateway/` writes them as JSON, tests keep or drop them. */

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<{ [name: string]: string | number | boolean | undefined }>;
export type Logger = (level: LogLevel, message: string, fields?: LogFields) => void;

export const silent: Logger = () => {};
