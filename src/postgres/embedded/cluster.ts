/**
 * The database cluster on disk: `<dataDir>/postgres` and the password beside it. A new one is created
 * in a staging directory and renamed when complete, so that a kill never leaves half a database. Data
 * that another major version wrote is never touched.
 */

import {
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Logger } from "../../core/logger.ts";
import { errorCode } from "../error-code.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { diskFull, EmbeddedError, unwritable } from "./error.ts";
import { collect, createLauncher, type Launcher } from "./launcher.ts";
import { lockDataDir } from "./lock.ts";

/** `test` never waits for the disk: after a power cut the data is lost. */
export type Durability = "full" | "test";

export interface Cluster {
  readonly dataDir: string;
  /** PostgreSQL's PGDATA. */
  readonly directory: string;
  readonly logFile: string;
  readonly password: string;
  readonly durability: Durability;
  /** Size of the server's own cache; the memory is used only as data comes. */
  readonly cacheMb: number;
  readonly connectionsMax: number;
  readonly binaries: Binaries;
  readonly launcher: Launcher;
  readonly log: Logger;
  /** Releases the data directory for other gateways. */
  unlock(): Promise<void>;
}

export interface ClusterOptions {
  /** An absolute path; created when it does not exist. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly durability?: Durability;
  /** 0, the default, is a third of the machine's memory, within `cacheMbLimits`. */
  readonly cacheMb?: number;
  /** The folder of initdb and postgres; undefined: they are found. */
  readonly programs?: string | undefined;
  /** Of all nodes together; never fewer than one node and its tools need. */
  readonly connectionsMax?: number;
  readonly signal?: AbortSignal;
}

/** Below is PostgreSQL's own default; above, its page table costs more at a start than it saves. */
const cacheMbLimits = { least: 128, most: 8192 };

const connectionsMin = 60;

export const superuser = "sluice";
const stagingPrefix = "postgres.new-";

/** Locks the data directory and makes sure that a cluster of this version is in it. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir, log, durability = "full", cacheMb = 0, programs, signal } = options;
  const connectionsMax = Math.max(connectionsMin, options.connectionsMax ?? 0);
  const directory = join(dataDir, "postgres");
  // Where there are none, nothing is created.
  const binaries = await findBinaries({ programs });
  // As root the server runs as another user, which must pass through it, and needs no list of it.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  await mkdir(dataDir, { recursive: true, mode }).catch((error: unknown) => {
    throw unwritable("create data directory", dataDir, error);
  });
  const unlock = await lockDataDir(dataDir);
  try {
    const launcher = await createLauncher(binaries, dataDir, directory);
    if (launcher.capability !== undefined) {
      log(
        "warn",
        "embedded PostgreSQL may read every file: its user cannot enter the directories",
        {
          capability: launcher.capability,
          data_dir: dataDir,
        },
      );
    }
    const fresh = await isFresh(directory, launcher.version);
    const password = await passwordOf(dataDir, directory, fresh);
    if (fresh) {
      await initialise({ dataDir, directory, password, durability, binaries, launcher }, signal);
    }
    return {
      dataDir,
      directory,
      logFile: join(dataDir, "postgres.log"),
      password,
      durability,
      cacheMb: cacheMb === 0 ? defaultCacheMb() : cacheMb,
      connectionsMax,
      binaries,
      launcher,
      log,
      unlock,
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** True when there is no cluster yet, false when there is one that this version can open. */
async function isFresh(directory: string, version: string): Promise<boolean> {
  const files = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw unwritable("open database", directory, error);
  });
  if (files.length === 0) return true;
  const [major] = version.split(".");
  const writtenBy = await readFile(join(directory, "PG_VERSION"), "utf8").catch(
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return undefined;
      throw unwritable("open database", directory, error);
    },
  );
  if (writtenBy === undefined) {
    throw new EmbeddedError(
      "not_a_database",
      `Cannot open database "${directory}": it has files but no PG_VERSION, expected a database, an empty directory, or another SLUICE_DATA_DIR`,
    );
  }
  if (writtenBy.trim() !== major) {
    throw new EmbeddedError(
      "other_version",
      `Cannot open database "${directory}": PostgreSQL ${writtenBy.trim()} wrote it, this release runs ${major}; nothing was changed, expected a dump (pg_dumpall) made with the older release and restored with this one, or another SLUICE_DATA_DIR`,
    );
  }
  await refuseOtherOwner(directory);
  return false;
}

/** PostgreSQL must own its data; a gateway that runs as root starts it as the owner. */
async function refuseOtherOwner(directory: string): Promise<void> {
  const { uid } = await stat(directory);
  const self = process.getuid?.() ?? uid;
  if (self === 0 ? uid !== 0 : uid === self) return;
  const expected =
    self === 0
      ? "an owner that is not root (chown -R)"
      : `user id ${uid}, or another SLUICE_DATA_DIR`;
  throw new EmbeddedError(
    "unwritable",
    `Cannot open database "${directory}": it belongs to user id ${uid} and this process runs as ${self}, expected ${expected}`,
  );
}

async function passwordOf(dataDir: string, directory: string, fresh: boolean): Promise<string> {
  const path = join(dataDir, "postgres.password");
  const kept = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw unwritable("read", path, error);
  });
  if (kept !== undefined && kept.trim() !== "") return kept.trim();
  if (!fresh) {
    throw new EmbeddedError(
      "not_a_database",
      `Cannot open database "${directory}": "${path}" is missing or empty, expected the password that the database was created with`,
    );
  }
  const password =
    crypto.randomUUID().replaceAll("-", "") + crypto.randomUUID().replaceAll("-", "");
  await writeFile(path, `${password}\n`, { mode: 0o600, flush: true }).catch((error: unknown) => {
    throw unwritable("write", path, error);
  });
  return password;
}

/**
 * PostgreSQL's own advice is a quarter to two fifths. A read past its cache costs three times as much
 * (docs/decisions/as-of-samples.md). A container's limit counts.
 */
function defaultCacheMb(): number {
  const limit = process.constrainedMemory();
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const { least, most } = cacheMbLimits;
  return Math.min(most, Math.max(least, Math.floor(bytes / 3 / 1024 ** 2)));
}

async function initialise(
  cluster: Pick<
    Cluster,
    "dataDir" | "directory" | "password" | "durability" | "binaries" | "launcher"
  >,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { dataDir, directory, password, durability, binaries, launcher } = cluster;
  // Under the lock, what earlier attempts left is no longer used. An initdb whose gateway was killed
  // may still write there; then the next start removes it.
  for (const name of await readdir(dataDir)) {
    const leftover = join(dataDir, name);
    if (name.startsWith(stagingPrefix)) {
      await rm(leftover, { recursive: true, force: true }).catch(() => undefined);
    }
  }
  let staging: string | undefined;
  try {
    staging = await mkdtemp(join(dataDir, stagingPrefix));
    const passwordFile = join(staging, "password");
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (launcher.account !== undefined) {
      await chown(passwordFile, launcher.account.uid, launcher.account.gid);
      await chown(staging, launcher.account.uid, launcher.account.gid);
    }
    const created = join(staging, "data");
    const args = [
      ...[
        "-D",
        created,
        `--username=${superuser}`,
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
      ],
      // PostgreSQL's own Unicode rules: no index depends on the machine's C library.
      ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
      ...["--data-checksums", "--no-instructions", ...(durability === "test" ? ["--no-sync"] : [])],
    ];
    const { code, output } = await collect(
      launcher.spawn(binaries.initdb, args, ["ignore", "pipe", "pipe"]),
      signal,
    );
    if (signal?.aborted) {
      throw new EmbeddedError(
        "cancelled",
        `Cannot create database "${directory}": the start was cancelled`,
      );
    }
    if (code !== 0) throw initdbFailed(directory, output);
    await rename(created, directory);
    if (durability === "full") await syncDirectory(dataDir);
  } catch (error) {
    throw error instanceof EmbeddedError ? error : unwritable("create database", directory, error);
  } finally {
    if (staging !== undefined) await rm(staging, { recursive: true, force: true });
  }
}

/** initdb has no error codes: only the system's message shows that the disk is full. */
function initdbFailed(directory: string, output: string): EmbeddedError {
  if (/No space left on device|Disk quota exceeded|Check free disk space/.test(output)) {
    return diskFull("create database", directory);
  }
  const words = output
    .trim()
    .split("\n")
    .filter((line) => /error|FATAL|PANIC/i.test(line));
  return new EmbeddedError(
    "unstartable",
    `Cannot create database "${directory}": initdb failed (${words.join("; ") || output.trim()}), expected it to succeed`,
  );
}

/** A rename survives a power cut once the directory that contains the name is on disk. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
