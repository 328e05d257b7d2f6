/** The guide for linking SpotDraft: complete, public, readable without JavaScript, and true when a person follows it. */
import { expectAccessible } from "../support/axe.ts";
import { DOCS, DocsPage } from "../support/docs-page.ts";
import { expect, test } from "../support/fixtures.ts";
import { expectFits } from "../support/hub-page.ts";

const GUIDE = DOCS.spotdraftGuide;
/** The address that the connector names. It leads to the guide. */
const OLD_ADDRESS = "/guides/spotdraft/custom";
const GENERATE = "Generate API credentials";
const LINK = "Linking the account from the Hub";

test("the Hub's guide button opens the guide", async ({ api, context, host, hub, server }) => {
  await hub.open(host, { token: await api.session({ owner: "Reads First" }), "base-url": server.url });
  await expect(hub.guideLink).toHaveAttribute("href", `${server.url}${OLD_ADDRESS}`);
  const opened = context.waitForEvent("page");
  await hub.guideLink.click();
  const guide = await opened;
  await expect(guide).toHaveURL(`${server.url}${GUIDE}`);
  await expect(guide.getByRole("heading", { level: 1 })).toContainText("SpotDraft");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the guide explains how to get and use the credentials", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open(GUIDE);
    await expect(docs.title).toHaveText("Connect SpotDraft with Client Credentials");
    await expect(page.locator("h1 + .lead")).toHaveText(/\S.{40,}\.$/);
    await expect(page.getByRole("note")).toContainText("You need administrator access to SpotDraft");
    await expect(page.locator("script:not([src])")).toHaveCount(0);

    const generate = docs.section(GENERATE);
    await expect(generate.locator("ol > li > p:first-child")).toHaveText([
      "Open the developer settings",
      "Generate the credentials",
      "Copy the credentials",
      "Select the user to act as",
    ]);
    const workspace = generate.getByRole("link", { name: "your SpotDraft workspace" });
    await expect(workspace).toHaveAttribute("href", "https://app.spotdraft.com");
    await expect(workspace).toHaveAttribute("target", "_blank");
    await expect(workspace).toHaveAttribute("rel", /noopener/);
    for (const text of [
      "Developer Settings",
      "for example Patchbay",
      "Generate credentials",
      "only once",
      "Store both in a password manager",
    ]) {
      await expect(generate).toContainText(text);
    }

    const linking = docs.section(LINK);
    for (const field of ["Client ID", "Client Secret", "Region", "User to act as (email)", "Connect"]) {
      await expect(linking.locator("li > p > strong", { hasText: field }).first()).toBeVisible();
    }
    await expect(linking).toContainText("Check the confirmation");
    await expect(linking).toContainText("The account appears on the Accounts page of the dashboard");
    await expect(linking.getByRole("link", { name: "three ways" })).toHaveAttribute(
      "href",
      DOCS.linkingMethods,
    );
    await expect(linking.getByRole("link", { name: "Accounts page" })).toHaveAttribute(
      "href",
      DOCS.accountsPage,
    );
  });

  test("its sections and steps have names for a page that embeds it", async ({ page, server }) => {
    await page.goto(`${server.url}${GUIDE}`);
    const sections = page.locator("[data-guide-section]");
    expect(
      await sections.evaluateAll((all) => all.map((one) => one.getAttribute("data-guide-section"))),
    ).toEqual(["generate-api-credentials", "linking-the-account-from-the-hub"]);
    for (const section of await sections.all()) {
      const steps = section.locator("ol > li[data-guide-step]");
      const numbers = await steps.evaluateAll((all) =>
        all.map((one) => Number(one.getAttribute("data-guide-step"))),
      );
      expect(numbers.length).toBeGreaterThan(3);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      await expect(section.locator(":scope > ol > li:not([data-guide-step])")).toHaveCount(0);
    }
    await expect(
      page.locator("[data-guide-scopes]"),
      "SpotDraft has no scopes, so everything shows",
    ).toHaveCount(0);
  });

  test("a guide with scopes lists them, and says who asks for access", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open("/docs/connectors/hubspot/guides/oauth2");
    await expect(page.locator("[data-guide-display-scopes-list]")).toContainText(
      "crm.objects.companies.read",
    );
    await expect(docs.section(LINK)).toContainText("HubSpot's own authorization page");
  });

  test("the guide's Markdown points to the index first and says the same", async ({
    page,
    request,
    server,
  }) => {
    await page.goto(`${server.url}${GUIDE}`);
    await page.getByRole("link", { name: "View as Markdown" }).click();
    await expect(page).toHaveURL(`${server.url}${GUIDE}.md`);
    const markdown = await request.get(`${server.url}${GUIDE}.md`);
    expect(markdown.headers()["content-type"]).toMatch(/^text\/markdown/);
    const source = await markdown.text();
    const [pointer, empty, title] = source.split("\n");
    expect(pointer).toBe(`> The index of this documentation: ${server.url}/llms.txt`);
    expect(empty).toBe("");
    expect(title).toBe("# Connect SpotDraft with Client Credentials");
    for (const text of [
      "> [!WARNING]",
      `## ${GENERATE}`,
      "(https://app.spotdraft.com)",
      "password manager",
      `## ${LINK}`,
      `[three ways to link an account](${DOCS.linkingMethods}`,
      `[Accounts page](${DOCS.accountsPage}`,
    ]) {
      expect(source).toContain(text);
    }
    expect((await request.get(`${server.url}/llms.txt`)).status()).toBe(200);
  });
});

test("the guide leads to the three ways and the Accounts page, and back", async ({ page, server }) => {
  const docs = new DocsPage(page, server);
  await docs.open(GUIDE);
  await docs.section(LINK).getByRole("link", { name: "three ways" }).click();
  await expect(docs.title).toHaveText("The three linking methods");
  for (const way of ["From the dashboard", "With an auth link", "In your product"]) {
    await expect(docs.main.getByRole("heading", { level: 2, name: way })).toBeVisible();
  }
  await page.goBack();
  await expect(docs.title).toHaveText("Connect SpotDraft with Client Credentials");

  // The last step names the Accounts page, whose name is that of the dashboard's page.
  await docs.section(LINK).getByRole("link", { name: "Accounts page" }).click();
  await expect(docs.title).toHaveText("The Accounts page");
  await expect(docs.main.getByRole("heading", { name: "Linking accounts" })).toHaveAttribute(
    "id",
    "linking-accounts",
  );
});

test("the guide's steps link an account, which appears where the guide says", async ({
  api,
  dashboard,
  page,
  server,
}) => {
  const owner = "Follows The Guide";
  const docs = new DocsPage(page, server);
  await docs.open(GUIDE);
  const labels = ["Client ID", "Client Secret", "Region", "User to act as (email)"];
  await expect(
    docs
      .section(LINK)
      .locator("li > p:first-child")
      .filter({ hasText: /^(Fill in|Choose) / })
      .locator("strong"),
  ).toHaveText(labels);

  await dashboard.open("/accounts");
  await page.getByRole("button", { name: "Link account" }).first().click();
  await page.getByLabel("Owner ID").fill("follows-the-guide");
  await page.getByLabel("Owner name").fill(owner);
  await page.getByRole("button", { name: "Open the Hub" }).click();
  for (const label of labels) {
    await expect(dashboard.hub.getByLabel(label).first(), `the Hub has the field ${label}`).toBeVisible();
  }
  await dashboard.connect();
  await expect(dashboard.hub.getByRole("heading", { name: "SpotDraft is connected" })).toBeVisible();
  await dashboard.hub.getByRole("button", { name: "Done" }).click();

  await dashboard.open("/accounts");
  await expect(page.getByRole("heading", { level: 1, name: "Accounts" })).toBeVisible();
  await expect(dashboard.row(owner)).toContainText("SpotDraft");
  await expect(dashboard.row(owner)).toContainText("Active");
  const [account, ...others] = await api.accounts(owner);
  expect(others).toEqual([]);
  expect((await api.run(account?.id ?? "", "spotdraft_list_contract_types")).status).toBe(200);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("the guide is accessible", async ({ page, server }) => {
      await page.goto(`${server.url}${GUIDE}`);
      await expectAccessible(page);
    });
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("the guide fits and is accessible", async ({ page, server }) => {
    await page.goto(`${server.url}${GUIDE}`);
    await expectFits(page);
    await expectAccessible(page);
  });
});
