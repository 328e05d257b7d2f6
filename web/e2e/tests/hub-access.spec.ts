/** Our own Hub for everybody: by keyboard alone, in light, dark and a theme of the host's, and on a phone. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/own-fixtures.ts";
import { expectFits, OwnHub, tabTo } from "../support/own-hub.ts";
import { picture } from "../support/pictures.ts";
import { SANDBOX } from "../support/server.ts";

test("links an account by keyboard alone", async ({ api, operator, page }) => {
  const owner = "No Mouse";
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();

  // To the guide's step and back to its field.
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
  { name: "dark by the link", scheme: "light", query: "&theme=dark" },
  {
    name: "the host's own",
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
  test.describe(`in ${name}`, () => {
    test.use({ colorScheme: scheme });

    test("form, refusal and end are accessible", async ({ operator, page, server }) => {
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => complaints.push(message.text()));
      const { token } = await operator.session(`Colours ${name}`);
      await page.goto(`${server.url}/embedded/integrations?token=${token}${query}`);
      const hub = new OwnHub(page);
      await expect(hub.heading("Connect SpotDraft")).toBeVisible();
      expect(complaints, "its policy forbids nothing that it does").toEqual([]);
      await expectAccessible(page);
      if (name === "dark") await picture(page, "hub-form-dark");
      await hub.submit("wrong");
      await expect(page.getByRole("alert")).toBeVisible();
      await expectAccessible(page);
      await hub.button("Fill in").click();
      await hub.connect.click();
      await expect(hub.connected).toBeVisible();
      await expectAccessible(page);
    });
  });
}

test("a theme of the host's shows", async ({ operator, page, server }) => {
  const { token } = await operator.session("Teal Ltd");
  const theme = encodeURIComponent(JSON.stringify({ colors: { primary: { background: "#0f766e" } } }));
  await page.goto(`${server.url}/embedded/integrations?token=${token}&theme=${theme}`);
  await expect(new OwnHub(page).connect).toHaveCSS("background-color", "rgb(15, 118, 110)");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("form and guide fit, and the guide is one tap away", async ({ operator, page }) => {
    await page.goto((await operator.session("Pocket Ltd")).link);
    const hub = new OwnHub(page);
    await expect(hub.heading("Connect SpotDraft")).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
    await picture(page, "hub-phone");
    await hub.field("Client ID").fill("typed before");
    await page.getByRole("tab", { name: "Guide" }).click();
    await expect(page.getByRole("heading", { name: "Generate API credentials" })).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
    await picture(page, "hub-phone-guide");
    await hub.button("Enter Client ID").click();
    await expect(hub.field("Client ID")).toBeFocused();
    await expect(hub.field("Client ID")).toHaveValue("typed before");
    await hub.submit("wrong");
    await expect(page.getByRole("alert")).toBeVisible();
    await expectFits(page);
    await hub.button("Fill in").click();
    await hub.connect.click();
    await expect(hub.connected).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
  });
});
