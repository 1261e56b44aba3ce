// The pages of schemas, as their readers use them.

import { expect } from "bun:test";
import { openAgain, pageTest } from "../../support/browser.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

const rig = pageRig({
  isOwn: true,
  // A refusal that the page shows is on the console as well.
  expected: /^Failed to load resource: .* (?:400|404|409) /,
});

const watch = `syntax = "proto3";
package acme.v1;

// 1
// 2
// 3
// 4
// 5
message Watch {
  string id = 1;
  int32 bpm = 2;
}
`;

async function register(subject: string, text: string, references: unknown[] = []) {
  const query = new URLSearchParams({ subject }).toString();
  const response = await fetch(`${rig.gateway.url}/v1/registry/versions?${query}`, {
    method: "POST",
    body: JSON.stringify({ text, references }),
  });
  expect(await response.text()).toContain('"version":');
}

const subjectAddress = (subject: string, query = "") =>
  `/ui/schemas/subject?s=${encodeURIComponent(subject)}${query}`;

pageTest("an empty registry says what it is for, and its first schema is registered", async () => {
  const page = await rig.open("/ui/schemas");
  await page.getByRole("heading", { name: "No schemas yet" }).waitFor();
  await page.getByRole("button", { name: "Register a schema" }).click();
  await page.getByLabel("Subject, such as orders-value").fill("orders/value");
  await page.keyboard.press("Enter");
  await page.getByLabel("The next version of orders/value").fill(watch);
  await page.getByText("It may be registered").waitFor();
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByLabel("Text of the schema").getByText("int32 bpm = 2;").waitFor();
  expect(new URL(page.url()).searchParams.get("s")).toBe("orders/value");
  await openAgain(page);
  await page.getByLabel("Text of the schema").getByText("int32 bpm = 2;").waitFor();
  await page.getByRole("link", { name: "Schemas" }).first().click();
  await page.getByRole("link", { name: "orders/value" }).waitFor();
});

pageTest("an incompatible schema is not registered, and every reason can be read", async () => {
  await rig.load();
  await register("refused-value", watch);
  const page = await rig.open(subjectAddress("refused-value", "&tab=check"));
  const text = page.getByLabel("The next version of refused-value");
  await page.getByText("Registered already").waitFor();
  await text.fill(watch.replace("int32 bpm", "string bpm").replace("string id", "int64 id"));
  const verdict = page.getByRole("region", { name: "What the gateway says of it" });
  await verdict.getByText("Incompatible").waitFor();
  await verdict.getByText("#/Watch/1").waitFor();
  await verdict.getByText("#/Watch/2").waitFor();
  expect(await verdict.innerText()).toContain("FIELD_SCALAR_KIND_CHANGED");
  expect(await verdict.innerText()).toContain("it does not read what version 1 wrote");
  expect(await page.getByRole("button", { name: "Register" }).isDisabled()).toBe(true);

  // What does not compile is named by its line.
  await text.fill(watch.replace("int32 bpm", "int33 bpm"));
  await verdict.getByRole("button", { name: "Line 11, column 3" }).click();
  expect(await text.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe(
    watch.indexOf("int32"),
  );
  // A reload shows what was typed.
  await openAgain(page);
  await verdict.getByRole("button", { name: "Line 11, column 3" }).waitFor();
});

pageTest("two versions stand beside each other, with the verdict at the line", async () => {
  await register("diff-value", watch);
  await register("diff-value", watch.replace("bpm = 2;", "bpm = 2;\n  bool worn = 3;"));
  await fetch(`${rig.gateway.url}/v1/registry/settings?subject=diff-value`, {
    method: "PUT",
    body: '{"compatibility":"NONE"}',
  });
  await register("diff-value", watch.replace("int32 bpm", "string bpm"));
  await fetch(`${rig.gateway.url}/v1/registry/settings?subject=diff-value`, {
    method: "PUT",
    body: '{"compatibility":"FULL"}',
  });
  const page = await rig.open(subjectAddress("diff-value"));
  await page.getByRole("link", { name: "Differences" }).click();
  const lines = page.locator(".diff");
  await lines.getByRole("row", { name: "string bpm" }).getByText("Forbidden").first().waitFor();
  await page.getByLabel("Compared with").selectOption("1");
  await lines.getByText("bool worn").waitFor({ state: "detached" });
  expect(new URL(page.url()).searchParams.get("against")).toBe("1");
  const changed = lines.getByRole("row", { name: "string bpm" });
  expect(await changed.innerText()).toContain("int32 bpm = 2;");
  expect(await lines.getByText("// 2").count()).toBe(0);
  await lines.getByRole("button", { name: "unchanged lines" }).first().click();
  await lines.getByText("// 2").first().waitFor();
  await openAgain(page);
  await changed.getByText("Forbidden").first().waitFor();
});

pageTest("references lead both ways, and what blocks a deletion is named", async () => {
  await register("ref-base", 'syntax = "proto3"; package r; message Base { string id = 1; }');
  await register(
    "ref-top",
    'syntax = "proto3"; package r; import "base.proto"; message Top { Base base = 1; }',
    [{ name: "base.proto", subject: "ref-base", version: 1 }],
  );
  const page = await rig.open(subjectAddress("ref-base", "&tab=refs"));
  const importing = page.getByRole("region", { name: "Importing" });
  await importing.getByRole("link", { name: "ref-top" }).waitFor();
  await until("a line is drawn", 5000, async () => {
    return (await page.locator(".graph-lines path").count()) === 1;
  });
  await page.getByRole("button", { name: "Delete the subject" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("It cannot be deleted while these import it").waitFor();
  expect(await dialog.getByRole("button", { name: "Delete" }).isDisabled()).toBe(true);
  await dialog.getByLabel("to confirm").fill("ref-base");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await dialog.getByText("other schemas import it").waitFor();
  await page.keyboard.press("Escape");

  await importing.getByRole("link", { name: "ref-top" }).click();
  await page.getByRole("region", { name: "Imported" }).getByText("as base.proto").waitFor();
  await page.getByRole("button", { name: "Delete the subject" }).click();
  await dialog.getByLabel("to confirm").fill("ref-top");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Remove the subject permanently" }).click();
  await dialog.getByLabel("to confirm").fill("ref-top");
  await dialog.getByRole("button", { name: "Remove permanently" }).click();
  await page.getByText("Check and register").waitFor();
});

pageTest("a gateway that is killed and restarted: the pages say so, and go on", async () => {
  await register("kept-value", watch);
  const expected = lostOrRefused;
  const page = await rig.open(subjectAddress("kept-value", "&tab=check"), { expected });
  const text = page.getByLabel("The next version of kept-value");
  await page.getByText("Registered already").waitFor();
  await rig.kill();
  await text.fill(watch.replace("}", "  bool worn = 3;\n}"));
  await page.getByText("Not checked: The gateway does not answer").waitFor();
  await rig.restart();
  // Nothing that was typed is lost, and nobody has to ask again.
  await page.getByText("It may be registered").waitFor({ timeout: 40_000 });
  expect(await text.inputValue()).toContain("bool worn = 3;");
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByLabel("Text of the schema").getByText("bool worn = 3;").waitFor();
});
