// The reference of the API in the dashboard's frame.

import { pageTest } from "../../support/browser.ts";
import { pageRig } from "../../support/pages.ts";

const rig = pageRig();

pageTest(
  "the reference opens the operation of the address, and nothing inline is needed",
  async () => {
    await rig.load();
    const page = await rig.open("/ui/api#listTopics");
    // It reads a document of more than a hundred operations.
    page.setDefaultTimeout(60_000);
    const block = page.locator("#operations-Topics-listTopics.is-open");
    await block.getByText("List topics").first().waitFor();
    await page.getByLabel("Theme").selectOption("dark");
    await page.locator("html.dark-mode").waitFor();
    await block.getByRole("button", { name: "Execute" }).click();
    await block.locator(".live-responses-table .response-col_status").getByText("200").waitFor();
    // The frame is still there, and leads on.
    const pages = page.getByRole("navigation", { name: "Pages" });
    await pages.getByRole("link", { name: "Access" }).click();
    await page.getByRole("heading", { name: "You", exact: true }).waitFor();
  },
);
