/** Format, types, rules and plans of `terraform/`, with the real program and a mocked provider. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Glob } from "bun";

const source = join(import.meta.dir, "../../terraform");
const terraform = Bun.which("terraform");
// A program that is there with its provider: nothing is downloaded.
const plugins = terraform === null ? undefined : findPlugins();
const timeoutMs = 120_000;

/** A mirror of providers: `<mirror>/<host>/hashicorp/aws/<version>/…`. */
function findPlugins(): string | undefined {
  const parents = ["/opt", "/usr/local/share/terraform", "/usr/share/terraform", homedir()];
  for (const parent of parents.filter((path) => existsSync(path))) {
    const glob = new Glob("*/*/hashicorp/aws/5.*/*/terraform-provider-aws*");
    for (const path of glob.scanSync({ cwd: parent, dot: true })) {
      return join(parent, path.split("/", 1)[0] ?? "");
    }
  }
  return undefined;
}

async function run(folder: string, ...args: readonly string[]): Promise<string> {
  const child = Bun.spawn([terraform ?? "terraform", ...args], {
    cwd: folder,
    env: { ...process.env, TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`terraform ${args.join(" ")} in ${folder}:\n${output}${errors}`);
  return output;
}

if (terraform === null) {
  test.skip("terraform: the program is not installed", () => {});
} else {
  describe("terraform", () => {
    let copy = "";

    beforeAll(() => {
      copy = join(mkdtempSync(join(tmpdir(), "sluice-terraform-")), "terraform");
      cpSync(source, copy, { recursive: true, filter: (path) => !path.includes(".terraform") });
    });

    afterAll(() => rmSync(dirname(copy), { recursive: true, force: true }));

    test("is formatted", async () => {
      expect(await run(copy, "fmt", "-check", "-recursive")).toBe("");
    });

    for (const [folder, passes] of [
      [".", 7],
      ["examples/single", 1],
      ["examples/redundant", 1],
    ] as const) {
      test(
        `${folder} is valid, and its tests pass`,
        async () => {
          if (plugins === undefined) throw new Error("The AWS provider 5 is not on this machine");
          const path = join(copy, folder);
          await run(path, "init", "-input=false", `-plugin-dir=${plugins}`);
          await run(path, "validate");
          const output = await run(path, "test", "-no-color");
          expect(output).toContain(`${passes} passed, 0 failed`);
        },
        timeoutMs,
      );
    }

    test("a volume of a gateway is a volume of its image, and so has the rights of its folder", async () => {
      const task = await Bun.file(join(copy, "modules/gateways/main.tf")).text();
      const image = await Bun.file(join(source, "../Dockerfile")).text();
      const paths = [...task.matchAll(/containerPath = "([^"]+)"/g)].map(([, path]) => path);
      expect(paths).toEqual(["/tmp"]);
      const runtime = image.slice(image.indexOf(" AS runtime"), image.indexOf(" AS standalone"));
      for (const path of paths) expect(runtime).toContain(`\nVOLUME ${path}\n`);
    });

    test("what needs a way in or out waits for its routes", async () => {
      const network = await Bun.file(join(copy, "modules/network/outputs.tf")).text();
      for (const [output, routes] of [
        ["public_subnet_ids", "public"],
        ["private_subnets", "private"],
      ]) {
        const block = network.slice(network.indexOf(`output "${output}"`)).split("\n}\n")[0];
        expect(block).toContain(`depends_on = [aws_route_table_association.${routes}]`);
      }
    });

    test("the script of a NATS server is one that bash can read", async () => {
      const template = await Bun.file(join(copy, "modules/nats/start.sh.tftpl")).text();
      const script = template.replaceAll(/%\{.*?~?\}\n/g, "").replaceAll(/\$\{(\w+)\}/g, "$1");
      const child = Bun.spawn(["bash", "-n"], { stdin: new Blob([script]), stderr: "pipe" });
      expect(await new Response(child.stderr).text()).toBe("");
      expect(await child.exited).toBe(0);
    });
  });
}
