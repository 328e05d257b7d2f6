/** The page with the settings of agents. */
import { expectAccessible } from "../support/axe.ts";
import { choose } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";

test("an account's tools have a cost in each mode, and each client has its settings", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  const id = await api.link("Agents Ltd");
  await dashboard.open("/agents");
  await choose(page, "Account", "Agents Ltd");
  await expect(page).toHaveURL(new RegExp(`account=${id}`));
  const tokens = async (mode: string) => {
    const cell = page.getByTestId(`tokens-${mode}`);
    await expect(cell).toHaveText(/\d/);
    return Number((await cell.innerText()).replaceAll(",", ""));
  };
  expect(await tokens("meta")).toBeLessThanOrEqual(1500);
  expect(await tokens("individual")).toBeGreaterThan(await tokens("meta"));
  const code = page.locator("pre");
  await expect(code).toContainText("claude mcp add");
  await expect(code).toContainText(`x-account-id: ${id}`);
  await expect(code).toContainText("tool-mode=meta");
  await page.getByRole("radio", { name: "individual" }).check();
  await expect(code).not.toContainText("tool-mode");
  for (const client of ["Cursor", "VS Code", "Vercel AI SDK", "LangChain", "OpenAI Agents", "Other hosts"]) {
    await page.getByRole("tab", { name: client }).click();
    await expect(code).toContainText(id);
  }
  await expectAccessible(page);
});
