// The recipe of docs/access.md for services with certificates, as it stands there: its settings, its file
// of grants, its command. Only the folder and the port are others.

import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "../../support/certificates.ts";
import { runTool } from "../../support/tools.ts";
import { startingGateways, timeoutMs } from "./gateways.ts";

const start = startingGateways();
const page = readFileSync(join(import.meta.dir, "../../../docs/access.md"), "utf8");
const recipe = page.slice(page.indexOf("## Recipe: mTLS between services"));
const [settings = "", grants = "", command = ""] = Array.from(
  recipe.matchAll(/^```text\n([\s\S]*?)^```$/gm),
  ([, text = ""]) => text,
);

test(
  "services are known by their certificates",
  async () => {
    const authority = new Authority("Mesh root");
    const { folder } = authority;
    const put = (name: string, { cert, key }: { cert: string; key: string }) => {
      copyFileSync(cert, join(folder, `${name}.crt`));
      copyFileSync(key, join(folder, `${name}.key`));
    };
    put(
      "tls",
      authority.issue({ name: "gateway", names: "DNS:gateway,DNS:localhost,IP:127.0.0.1" }),
    );
    for (const name of ["orders", "billing"]) {
      put(name, authority.issue({ name, names: `URI:spiffe://prod/${name}` }));
    }
    writeFileSync(join(folder, "grants"), grants);
    const env = Object.fromEntries(
      settings
        .trim()
        .split("\n")
        .map((line) => line.replaceAll("/etc/sluice", folder).split("=") as [string, string]),
    );
    expect(Object.keys(env)).toHaveLength(5);
    const gateway = await start({ env });
    const { port } = new URL(gateway.url);

    /** The command of the page, by another service where one is named. */
    const run = async (service = "orders", ...more: string[]) => {
      const words = command
        .trim()
        .replaceAll("orders.crt", `${service}.crt`)
        .replaceAll("orders.key", `${service}.key`)
        .replace("gateway:9000", `gateway:${port}`)
        .split(" ")
        .map((word) => word.replaceAll(/^'|'$/g, ""))
        .map((word) => (/\.(crt|key)$/.test(word) ? join(folder, word) : word));
      const resolve = ["--resolve", `gateway:${port}:127.0.0.1`, "-sS"];
      return (await runTool([...words, ...resolve, ...more])).output;
    };
    expect(command).toStartWith("curl --cacert ca.crt --cert orders.crt");
    expect(await run()).toContain('"accepted":1');
    expect(await run("billing")).toContain("lacks the grant");
    const records = `https://gateway:${port}/v1/topics/orders.eu/records`;
    const read = ["--cacert", authority.ca, "--resolve", `gateway:${port}:127.0.0.1`, "-sS"];
    const billing = ["--cert", join(folder, "billing.crt"), "--key", join(folder, "billing.key")];
    const { output } = await runTool(["curl", ...read, ...billing, records]);
    expect(output).toContain('"data":{"order":17}');
    const { output: nobody } = await runTool(["curl", ...read, records]);
    expect(nobody).toContain('"code":"unauthenticated"');
  },
  timeoutMs,
);
