/** What callers without a credential are counted by: one client has one IPv4 address, or a whole /64 of IPv6. */

/** A listener on both families has IPv4 addresses as `::ffff:10.0.0.1`. */
export function withoutWrap(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/**
 * An IPv4 address as it is, also where IPv6 wraps it. Of an IPv6 address its /64, as `2001:db8:1:2::/64`: a
 * client chooses the other 64 bits as it likes. What is no address is returned as it is.
 */
export function clientNetwork(address: string): string {
  const plain = withoutWrap(address);
  if (!plain.includes(":")) return plain;
  const groups = groupsOf(plain.split("%", 1)[0] ?? "");
  if (groups.length !== groupsMax) return plain;
  const isWrapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isWrapped) return groups.slice(6).flatMap(bytesOf).join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

const groupsMax = 8;

/** Numbers of 16 bits; `::` stands for those that are missing. */
function groupsOf(text: string): readonly number[] {
  const [front = [], back] = text.split("::").map(partOf);
  if (back === undefined) return front;
  const missing = Math.max(0, groupsMax - front.length - back.length);
  return [...front, ...Array<number>(missing).fill(0), ...back];
}

/** The last two groups may be written as an IPv4 address. */
function partOf(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function bytesOf(group: number): readonly number[] {
  return [group >>> 8, group & 0xff];
}
