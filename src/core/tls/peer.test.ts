import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Authority, openssl } from "../../../test/support/certificates.ts";
import { peerCertificateFrom } from "./peer.ts";

const authority = new Authority();

function read(path: string) {
  return peerCertificateFrom(new X509Certificate(readFileSync(path)).raw);
}

test("a certificate's subject and names are texts that grants can name", () => {
  const names = "DNS:orders.example,URI:spiffe://prod/orders,IP:10.0.0.1,email:ops@example.com";
  expect(read(authority.issue({ name: "orders/O=acme", names }).cert)).toEqual({
    subject: "CN=orders, O=acme",
    names: [
      "DNS:orders.example",
      "URI:spiffe://prod/orders",
      "IP Address:10.0.0.1",
      "email:ops@example.com",
    ],
  });
});

test("a name cannot contain another one", () => {
  const [cert, config] = [authority.path("forged.crt"), authority.path("forged.cnf")];
  const section = `[x]\nsubjectAltName=@names\n[names]\nURI.1="http://x/a, DNS:admin.example"\nDNS.1=real.example\n`;
  writeFileSync(config, `[req]\ndistinguished_name=dn\n[dn]\n${section}`);
  const files = ["-config", config, "-extensions", "x", "-keyout", `${cert}.key`, "-out", cert];
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/O=a, CN=admin/CN=b",
    ...files,
  );
  const { subject, names } = read(cert);
  expect(names).toHaveLength(2);
  expect(names).not.toContain("DNS:admin.example");
  expect(names).toContain("DNS:real.example");
  expect(subject).toBe("O=a\\, CN=admin, CN=b");
});

test("a certificate without names has only its subject", () => {
  expect(read(authority.ca)).toEqual({ subject: "CN=Sluice test root", names: [] });
});
