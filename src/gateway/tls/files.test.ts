import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { Authority, openssl } from "../../../test/support/certificates.ts";
import type { TlsFiles } from "../config-tls.ts";
import { checkTls, readTls } from "./files.ts";

const authority = new Authority();
const pair = authority.issue({ name: "gateway" });
const other = authority.issue({ name: "other", rsa: true });

function files(changes: Partial<TlsFiles> = {}): TlsFiles {
  return { ...pair, clientCa: undefined, isClientRequired: false, ...changes };
}

async function opened(given: TlsFiles): Promise<string> {
  return checkTls(await readTls(given), given).subject;
}

async function problem(changes: Partial<TlsFiles>): Promise<string> {
  try {
    await opened(files(changes));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("The files were taken");
}

function written(name: string, text: string): string {
  const path = authority.path(name);
  writeFileSync(path, text);
  return path;
}

describe("TLS files", () => {
  test("are taken as a pair, as a chain, in one file, and with a client CA", async () => {
    const chain = readFileSync(pair.cert, "utf8") + readFileSync(authority.ca, "utf8");
    const one = written("one.pem", readFileSync(pair.key, "utf8") + chain);
    expect(await opened(files())).toBe("CN=gateway");
    expect(await opened(files({ cert: written("chain.pem", chain) }))).toBe("CN=gateway");
    expect(await opened(files({ cert: one, key: one }))).toBe("CN=gateway");
    expect(await opened(files({ clientCa: authority.ca }))).toBe("CN=gateway");
    expect(await opened(files(other))).toBe("CN=other");
  });

  test("that are missing, or no files, are named with their setting", async () => {
    expect(await problem({ cert: "/nowhere/a.crt" })).toBe(
      "Cannot use SLUICE_TLS_CERT=/nowhere/a.crt: there is no such file",
    );
    expect(await problem({ key: authority.folder })).toContain("SLUICE_TLS_KEY");
    expect(await problem({ key: authority.folder })).toContain("it is a directory");
    expect(await problem({ clientCa: "/nowhere/ca.crt" })).toContain(
      "SLUICE_TLS_CLIENT_CA=/nowhere",
    );
  });

  test.skipIf(process.getuid?.() === 0)("that may not be read are named", async () => {
    const secret = written("secret.key", readFileSync(pair.key, "utf8"));
    chmodSync(secret, 0o000);
    expect(await problem({ key: secret })).toContain("this user may not read it");
  });

  test("that do not belong together are refused", async () => {
    expect(await problem({ key: other.key })).toContain("it is not the key of the certificate in");
  });

  test("whose key is encrypted are refused, in both forms", async () => {
    const traditional = authority.path("encrypted.key");
    openssl("ec", "-aes256", "-passout", "pass:hidden", "-in", pair.key, "-out", traditional);
    const pkcs8 = authority.path("encrypted8.key");
    openssl("pkcs8", "-topk8", "-passout", "pass:hidden", "-in", pair.key, "-out", pkcs8);
    for (const key of [traditional, pkcs8]) {
      expect(await problem({ key })).toContain(
        "the key is encrypted, expected one without a passphrase",
      );
    }
  });

  test("that contain something else are refused, without a word of it", async () => {
    const garbage = written("garbage.pem", "hunter2 hunter2");
    expect(await problem({ cert: garbage })).toContain("it has no certificate");
    expect(await problem({ cert: pair.key })).toContain("it has no certificate");
    expect(await problem({ key: garbage })).toContain("it has no private key");
    expect(await problem({ key: pair.cert })).toContain("it has no private key");
    expect(await problem({ clientCa: garbage })).toContain("it has no certificate");
    expect(await problem({ key: garbage })).not.toContain("hunter2");
    expect(await problem({ key: written("huge.pem", "x".repeat(2 ** 21)) })).toContain(
      "1048576 bytes",
    );
    const cut = readFileSync(pair.key, "utf8").slice(0, 120);
    expect(await problem({ key: written("cut.key", cut) })).toContain("it has no private key");
  });

  test("whose certificate has expired are refused", async () => {
    const expired = authority.issue({ name: "old", days: 0 });
    expect(await problem(expired)).toContain("the certificate expired on");
  });
});
