/** Running actions from forms that are made from their inputs. */
import { expectAccessible } from "../support/axe.ts";
import { choose, PASSWORD } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { picture } from "../support/pictures.ts";

test("an action runs from a form, and shows what was sent without secrets", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Runner Ltd");
  await dashboard.open(`/run?account=${id}`);
  await choose(page, "Action", "spotdraft_list_contracts");
  await page.getByLabel("limit", { exact: true }).fill("2");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("200");
  await expect(result.getByRole("tree", { name: "Body" })).toContainText("data");
  await expectAccessible(page);
  await result.getByRole("tab", { name: "Provider requests (1)" }).click();
  await result.getByRole("button", { name: /GET https/ }).click();
  await expect(result).toContainText('"client-secret": "[redacted]"');
  expect(await page.content()).not.toContain("sandbox-client-secret");
  await expectAccessible(page);
  await page.evaluate(() => window.scrollTo(0, 0));
  await picture(page, "dashboard-run");
  await result.getByRole("button", { name: "Load the next page" }).click();
  await result.getByRole("tab", { name: "curl" }).click();
  await expect(result.locator("pre")).toContainText('"page":2');
});

test("an account beyond the first page is found by its owner's name", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const wanted = await api.link("Aardvark Holdings");
  // Newer ones fill the first page.
  for (let index = 0; index < 26; index += 1) await api.link(`Crowd ${index}`);
  await dashboard.open("/run");
  await choose(page, "Account", "Aardvark Holdings");
  await expect(page).toHaveURL(new RegExp(`account=${wanted}`));
});

test("what is missing or wrong stands beside its field", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Mistaken Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_create_contract`);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("This is required.").first()).toBeVisible();
  await page.getByLabel("contract_template_id").fill("many");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("This must be a number.")).toBeVisible();
  await expectAccessible(page);
});

test("what cannot be undone is asked for first, and the provider's refusal is shown", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  const id = await api.link("Careful Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_void_contract`);
  await page.getByRole("tab", { name: "JSON" }).click();
  const inputs = page.getByRole("textbox", { name: "Inputs" });
  const run = page.getByRole("button", { name: "Run", exact: true });
  await inputs.fill('{"path": {"composite_id": "T-999999"}, "body": {"note": "test"}}');
  await inputs.fill('{"path": {"composite_id": "T-9');
  await run.click();
  await expect(page.getByRole("alert")).toContainText("This is not JSON");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("tab", { name: "Form" }).click();
  await expect(inputs).toHaveValue('{"path": {"composite_id": "T-9');
  await inputs.fill("{}");
  await run.click();
  await expect(page.getByRole("alert")).toContainText("path.composite_id is required.");
  await expectAccessible(page);
  await inputs.fill('{"path": {"composite_id": "T-999999"}, "body": {"note": ""}}');
  await run.click();
  await expect(page.getByRole("dialog")).toContainText("cannot be undone");
  await expect(page.getByRole("dialog")).toContainText('"note": ""');
  await expectAccessible(page);
  await page.getByRole("button", { name: "Run it" }).click();
  await expect(page.getByRole("region", { name: "Result" })).toContainText("It was refused");
});

test("an answer is looked through as a tree or read as text", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Reader Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_contract_types`);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  const tree = result.getByRole("tree", { name: "Body" });
  await expect(tree).toContainText("data");
  const list = tree.getByRole("button", { name: "Close" }).nth(1);
  await list.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(tree.getByRole("button", { name: "Open" }).first()).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(tree.getByRole("button", { name: "Open" })).toHaveCount(0);
  await expectAccessible(page);
  await result.getByText("Text", { exact: true }).click();
  await expect(result.locator("pre")).toContainText('"data": [');
  await expectAccessible(page);
});

test("a list of objects is filled in row by row, and a run is used again", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Rows Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_create_tags`);
  const tags = page.getByRole("group", { name: "tags", exact: true });
  await page.getByRole("button", { name: "Add to tags" }).click();
  await page.getByRole("button", { name: "Add to tags" }).click();
  const first = tags.getByRole("group", { name: "tags 1" });
  await first.getByLabel("name").fill("urgent");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(tags.getByRole("group", { name: "tags 2" })).toContainText("This is required.");
  await expectAccessible(page);
  await tags.getByRole("button", { name: "Remove tags 2" }).click();
  await expect(page.getByRole("button", { name: "Add to tags" })).toBeFocused();
  await expect(tags.getByRole("group")).toHaveCount(1);
  await choose(page, "tag_entity_type", "Contract");
  await page.getByRole("tab", { name: "JSON" }).click();
  await expect(page.getByRole("textbox", { name: "Inputs" })).toHaveValue(/"name": "urgent"/);
  await page.getByRole("tab", { name: "Form" }).click();
  await expect(first.getByLabel("name")).toHaveValue("urgent");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const last = page.getByRole("region", { name: "Last runs" });
  await expect(last.getByRole("row")).toHaveCount(2);
  await expectAccessible(page);
  await choose(page, "Action", "spotdraft_list_roles");
  await last.getByRole("button", { name: /^Use the inputs/ }).click();
  await expect(first.getByLabel("name")).toHaveValue("urgent");
});

test("signing out forgets the last runs", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Forgotten Ltd");
  const signIn = async () => {
    await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("region", { name: "Inputs" })).toBeVisible();
  };
  // A session of its own: the one that the other tests share stays signed in.
  await page.context().clearCookies();
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_roles`);
  await signIn();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByRole("region", { name: "Last runs" })).toBeVisible();
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await signIn();
  await expect(page.getByRole("region", { name: "Last runs" })).toHaveCount(0);
});

test("inputs stand by where they travel", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Groups Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_void_contract`);
  const inPath = page.getByRole("group", { name: "Required, In the path" });
  await expect(inPath.getByLabel("composite_id")).toBeVisible();
  await expect(page.getByRole("group", { name: /In the body/ }).first()).toBeVisible();
  await expectAccessible(page);
});

test("a run starts by Ctrl and Enter, and is called off", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Patient Ltd");
  const held: (() => void)[] = [];
  await page.route("**/actions/rpc**", (route) => {
    held.push(() => void route.abort());
  });
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_roles`);
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Cancel" })).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Result" })).toHaveCount(0);
  expect(held).toHaveLength(1);
  for (const release of held) release();
});
