/** Parts of the gateway name their members as the code does; in `/status` all names are snake_case. */
export function snakeCaseMembers(members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [snakeCase(name), renamed(value)]),
  );
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  return typeof value === "object" && value !== null ? snakeCaseMembers(value) : value;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
