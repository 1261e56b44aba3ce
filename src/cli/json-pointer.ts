/** The names in a JSON pointer of RFC 6901: `/a~1b/c` leads through `a/b` to `c`. */
export function namesFromPointer(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}
