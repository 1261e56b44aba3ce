import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessSocket {
  readonly port: number;
  /** Of the other side; 0 for one that listens. */
  readonly peerPort: number;
  readonly isListening: boolean;
}

/** The TCP sockets over IPv4 that a process has open, from Linux's /proc. */
export function socketsOf(pid: number): readonly ProcessSocket[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`)) ?? [];
    if (inode !== undefined) inodes.add(inode);
  }
  const lines = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trim().split("\n").slice(1);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => inodes.has(columns[9] ?? ""))
    .map(([, local, peer, state]) => ({
      port: portOf(local),
      peerPort: portOf(peer),
      isListening: state === "0A",
    }));
}

/** Of "0100007F:1F90". */
function portOf(address = ""): number {
  return Number.parseInt(address.split(":")[1] ?? "0", 16);
}

/** Descriptors come and go while they are listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
