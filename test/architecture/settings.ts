// Holds the settings that `src/gateway/config.ts` reads against their documentation, in both directions.

const setting =
  /\b(?:SLUICE_[A-Z0-9_]*[A-Z0-9]|DATABASE_[A-Z_]*[A-Z]|NATS_[A-Z_]*[A-Z]|KAFKA_BROKERS)\b/g;

/** One line for each setting that only one of the two knows; empty when they agree. */
export function checkSettings(config: string, documentation: string): string[] {
  const read = new Set(config.match(setting));
  const described = new Set(
    [...documentation.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code?.match(setting) ?? []),
  );
  if (read.size === 0) {
    return ["no config.ts of src/gateway reads a setting: this test would check nothing"];
  }
  return [
    ...[...read]
      .filter((name) => !described.has(name))
      .map(
        (name) =>
          `${name} is read in a config.ts of src/gateway: describe it in docs/settings.md, in backquotes`,
      ),
    ...[...described]
      // What the test command sets for tests is no setting of the gateway.
      .filter((name) => !read.has(name) && !name.startsWith("SLUICE_TEST_"))
      .map(
        (name) =>
          `${name} is described in docs/settings.md: no config.ts of src/gateway reads it, remove it`,
      ),
  ];
}
