/** Parts of the gateway name their members as the code does; in `/status` all names are snake_case. */
export function snakeCaseMembers(members: object): Record<string, unknown> {
  const renamed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) renamed[snakeCase(name)] = inside(value);
  return renamed;
}

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  return typeof value === "object" && value !== null ? snakeCaseMembers(value) : value;
}

/** Members are named by the code, so there are a few dozen names; renaming one takes a microsecond. */
const names = new Map<string, string>();

function snakeCase(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const renamed = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  names.set(name, renamed);
  return renamed;
}
