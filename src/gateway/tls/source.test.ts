import { afterEach, describe, expect, test } from "bun:test";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { Authority, type PemPair, replacePair } from "../../../test/support/certificates.ts";
import type { LogFields } from "../../core/logger.ts";
import type { TlsContext } from "../../core/tls/server.ts";
import { openTls, type TlsSource } from "./source.ts";

const authority = new Authority();

interface Rig {
  readonly pair: PemPair;
  readonly source: TlsSource;
  readonly applied: TlsContext[];
  readonly lines: { readonly message: string; readonly fields: LogFields }[];
  /** One look at the files, which the test's clock makes due. */
  look(): Promise<void>;
}

const rigs: Rig[] = [];
afterEach(() => {
  for (const { source } of rigs.splice(0)) source[Symbol.dispose]();
});

async function open(apply: (context: TlsContext) => void = () => {}): Promise<Rig> {
  const pair = authority.issue({ name: "first" });
  const applied: TlsContext[] = [];
  const lines: Rig["lines"] = [];
  let due: (() => void) | undefined;
  let woken = () => {};
  const clock = {
    nowMs: () => Date.now(),
    nowNs: () => 0n,
    after(_ms: number, callback: () => void) {
      due = callback;
      woken();
      return () => (due = undefined);
    },
  };
  const logger = (_level: string, message: string, fields: LogFields = {}) =>
    void lines.push({ message, fields });
  const files = { ...pair, clientCa: undefined, isClientRequired: false };
  const source = await openTls(files, { clock, logger });
  source.follow((context) => {
    apply(context);
    applied.push(context);
  });
  const rig = {
    ...{ pair, source, applied, lines },
    async look() {
      const over = new Promise<void>((resolve) => (woken = resolve));
      due?.();
      await over;
    },
  };
  rigs.push(rig);
  return rig;
}

describe("certificates whose files change", () => {
  test("are applied once both files have stayed the same", async () => {
    const { pair, source, applied, look, lines } = await open();
    const next = authority.issue({ name: "second" });
    await look();
    copyFileSync(next.cert, pair.cert);
    // Half of the pair: it is not even tried.
    await look();
    copyFileSync(next.key, pair.key);
    await look();
    expect(applied).toEqual([]);
    expect(lines).toEqual([]);
    await look();
    await look();
    expect(applied).toHaveLength(1);
    expect(source.status()).toMatchObject({ subject: "CN=second", changes: 1, problem: null });
    expect(source.context).toEqual(applied[0] as TlsContext);
    expect(lines.map(({ message }) => message)).toEqual([
      "new connections get the new certificate",
    ]);
  });

  test("are refused as long as they are wrong, and reported once", async () => {
    const { pair, source, applied, look, lines } = await open();
    const good = authority.issue({ name: "third" });
    copyFileSync(good.cert, pair.cert);
    for (let looks = 0; looks < 5; looks++) await look();
    expect(applied).toEqual([]);
    expect(source.status()).toMatchObject({
      subject: "CN=first",
      changes: 0,
      problem: expect.stringContaining("it is not the key of the certificate"),
    });
    writeFileSync(pair.cert, "half a fi");
    for (let looks = 0; looks < 5; looks++) await look();
    rmSync(pair.cert);
    for (let looks = 0; looks < 5; looks++) await look();
    expect(lines.map(({ fields }) => String(fields["reason"]).split(": ")[1])).toEqual([
      `it is not the key of the certificate in ${pair.cert}, expected the private key that the certificate was made for`,
      "it has no certificate, expected PEM that begins with one",
      "there is no such file",
    ]);
    replacePair(pair, good);
    await look();
    await look();
    expect(applied).toHaveLength(1);
    expect(source.status()).toMatchObject({ subject: "CN=third", problem: null });
  });

  test("that come back as they were are no change, and end the problem", async () => {
    const { pair, source, applied, look } = await open();
    const former = `${pair.cert}.former`;
    copyFileSync(pair.cert, former);
    writeFileSync(pair.cert, "");
    await look();
    await look();
    expect(source.status()["problem"]).toContain("it has no certificate");
    copyFileSync(former, pair.cert);
    await look();
    await look();
    expect(source.status()).toMatchObject({ changes: 0, problem: null });
    expect(applied).toEqual([]);
  });

  test("are tried again where a listener did not take them", async () => {
    let failures = 2;
    const { pair, source, applied, look } = await open(() => {
      if (failures-- > 0) throw new Error("address in use");
    });
    replacePair(pair, authority.issue({ name: "fourth" }));
    for (let looks = 0; looks < 3; looks++) await look();
    expect(source.status()).toMatchObject({ changes: 0, problem: expect.any(String) });
    await look();
    expect(applied).toHaveLength(1);
    expect(source.status()).toMatchObject({ subject: "CN=fourth", changes: 1, problem: null });
  });
});
