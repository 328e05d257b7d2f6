/** Accessibility of the Hub: keyboard, light, dark and custom themes, and phones. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/hub-fixtures.ts";
import { expectFits, HubPage, tabTo } from "../support/hub-page.ts";
import { SANDBOX } from "../support/server.ts";

test("links an account by keyboard only", async ({ api, operator, page }) => {
  const owner = "No Mouse";
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();

  // Go to the guide step and back to its field.
  await tabTo(page, hub.button(/^Where do I find this.*Client ID/));
  await page.keyboard.press("Enter");
  await tabTo(page, hub.button("Enter Client ID"));
  await page.keyboard.press("Enter");
  await expect(hub.field("Client ID")).toBeFocused();

  await page.keyboard.type(SANDBOX.clientId);
  await tabTo(page, hub.field("Client Secret"));
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toBeVisible();
  await tabTo(page, hub.field("Client Secret"));
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type(SANDBOX.clientSecret);
  await tabTo(page, hub.connect);
  await page.keyboard.press("Space");
  await expect(hub.connected).toBeFocused();
  expect(await api.accounts(owner)).toHaveLength(1);
});

const THEMES = [
  { name: "light", scheme: "light", query: "" },
  { name: "dark", scheme: "dark", query: "" },
  { name: "dark theme in the link", scheme: "light", query: "&theme=dark" },
  {
    name: "custom theme",
    scheme: "light",
    query: `&theme=${encodeURIComponent(
      JSON.stringify({
        colors: {
          page: { background: "#f5f3ee" },
          card: { background: "#fffdf9", sunkenBackground: "#f6f1e7" },
          primary: { background: "#0f766e", foreground: "#ffffff" },
        },
        radius: { md: "12px" },
      }),
    )}`,
  },
] as const;

for (const { name, scheme, query } of THEMES) {
  test.describe(`with ${name}`, () => {
    test.use({ colorScheme: scheme });

    test("the form, an error and the success screen are accessible", async ({ operator, page, server }) => {
      const messages: string[] = [];
      page.on("pageerror", (error) => messages.push(error.message));
      page.on("console", (message) => messages.push(message.text()));
      const { token } = await operator.session(`Colors ${name}`);
      await page.goto(`${server.url}/embedded/integrations?token=${token}${query}`);
      const hub = new HubPage(page);
      await expect(hub.heading("Connect SpotDraft")).toBeVisible();
      expect(messages, "the Content-Security-Policy blocks nothing").toEqual([]);
      await expectAccessible(page);
      await hub.submit("wrong");
      await expect(page.getByRole("alert")).toBeVisible();
      await expectAccessible(page);
      await hub.button("Fill in credentials").click();
      await hub.connect.click();
      await expect(hub.connected).toBeVisible();
      await expectAccessible(page);
    });
  });
}

test("a custom theme in the link is applied", async ({ operator, page, server }) => {
  const { token } = await operator.session("Teal Ltd");
  const theme = encodeURIComponent(JSON.stringify({ colors: { primary: { background: "#0f766e" } } }));
  await page.goto(`${server.url}/embedded/integrations?token=${token}&theme=${theme}`);
  await expect(new HubPage(page).connect).toHaveCSS("background-color", "rgb(15, 118, 110)");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("the form and the guide fit, and the guide is in a tab", async ({ operator, page }) => {
    await page.goto((await operator.session("Pocket Ltd")).link);
    const hub = new HubPage(page);
    await expect(hub.heading("Connect SpotDraft")).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
    await hub.field("Client ID").fill("typed before");
    await page.getByRole("tab", { name: "Guide" }).click();
    await expect(page.getByRole("heading", { name: "Generate API credentials" })).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
    await hub.button("Enter Client ID").click();
    await expect(hub.field("Client ID")).toBeFocused();
    await expect(hub.field("Client ID")).toHaveValue("typed before");
    await hub.submit("wrong");
    await expect(page.getByRole("alert")).toBeVisible();
    await expectFits(page);
    await hub.button("Fill in credentials").click();
    await hub.connect.click();
    await expect(hub.connected).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
  });
});
