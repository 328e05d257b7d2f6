/** `<patchbay-hub>` in a page of another origin: events, secrets, and allowed origins. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import type { RecordedEvents } from "../support/embed-host.ts";
import { expect, test } from "../support/hub-fixtures.ts";
import { expectFits, HubPage, tabTo } from "../support/hub-page.ts";
import { takeScreenshot } from "../support/screenshots.ts";
import { SANDBOX } from "../support/server.ts";

const hubIn = (page: Page, index = 0): HubPage =>
  new HubPage(page.locator("patchbay-hub").nth(index).frameLocator("iframe"));

const recorded = (page: Page): Promise<RecordedEvents> =>
  page.evaluate(() => (window as unknown as { recorded: RecordedEvents }).recorded);

const eventTypes = async (page: Page): Promise<string[]> =>
  (await recorded(page)).events.map(({ type }) => type);

test("links an account and reports its ID to the page, but no credentials", async ({
  api,
  embedHost,
  operator,
  page,
  traffic,
}) => {
  const owner = "Embedding Ltd";
  const { token } = await operator.session(owner, { allowedOrigins: [embedHost.origin] });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(embedHost.url({ token }));
  const hub = hubIn(page);
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
  await expectAccessible(page);
  await hub.submit("mistyped-secret-3141");
  await expect(hub.root.getByRole("alert")).toBeVisible();
  await hub.submit();
  await expect(hub.connected).toBeVisible();
  await expectAccessible(page);
  const [account] = await api.accounts(owner);
  await hub.button("Close").click();
  await expect.poll(() => eventTypes(page)).toEqual(["ready", "success", "close"]);

  const { events, messages } = await recorded(page);
  expect(events[1]?.detail).toEqual({ id: account?.id, provider: "spotdraft" });
  const messageText = JSON.stringify(messages);
  expect(messages).toContainEqual({
    type: "AccountConnected",
    account: { id: account?.id, provider: "spotdraft" },
  });
  const pageState = await page.evaluate(() => {
    const shadows = [...document.querySelectorAll("patchbay-hub")].map((hub) => hub.shadowRoot?.innerHTML);
    const stored = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
    return document.documentElement.outerHTML + shadows.join() + JSON.stringify(stored);
  });
  for (const secret of [SANDBOX.clientSecret, SANDBOX.clientId, "mistyped-secret-3141"]) {
    expect(messageText).not.toContain(secret);
    expect(pageState).not.toContain(secret);
  }
  expect(messageText).not.toContain(token);
  for (const request of await traffic.requestsContaining(SANDBOX.clientSecret)) {
    expect(request.frame().url(), "only the Hub's frame sends the secret").toMatch(
      /\/embedded\/integrations$/,
    );
  }
  expect(errors).toEqual([]);
});

test("a page that the session does not allow is blocked, and the element says what to add", async ({
  embedHost,
  operator,
  page,
}) => {
  const { token } = await operator.session("Forgot To Allow");
  await page.clock.install();
  const blocked = page.waitForEvent("console", {
    predicate: (message) => message.text().includes("frame-ancestors"),
  });
  await page.goto(embedHost.url({ token }));
  await blocked;
  await page.clock.fastForward(10_000);
  const notice = page.getByRole("alert");
  await expect(notice).toContainText("The Hub did not open");
  await expect(notice).toContainText(`"allowed_origins": ["${embedHost.origin}"]`);
  await expectAccessible(page);
  await takeScreenshot(page, "embed-blocked", { height: 480, dark: false });
  const { events } = await recorded(page);
  expect(events).toEqual([
    { type: "error", detail: { code: "unreachable", message: expect.stringContaining(embedHost.origin) } },
  ]);
  expect(JSON.stringify(events)).not.toContain(token);

  // A new session, created as the notice says, opens in the same element.
  const allowed = await operator.session("Forgot To Allow", { allowedOrigins: [embedHost.origin] });
  await page
    .locator("patchbay-hub")
    .evaluate((hub, value) => hub.setAttribute("token", value), allowed.token);
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await expect(notice).toBeHidden();
});

test("the element says if the server is unreachable", async ({ embedHost, page }) => {
  await page.clock.install();
  // No server listens on port 9.
  await page.goto(embedHost.url({ token: "t", "base-url": "http://127.0.0.1:9" }));
  await expect(page.locator("patchbay-hub iframe")).toHaveCount(1);
  await page.clock.fastForward(10_000);
  await expect(page.getByRole("alert")).toContainText("http://127.0.0.1:9");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("two elements on one page are independent", async ({ api, embedHost, operator, page }) => {
  const allowedOrigins = [embedHost.origin];
  const left = await operator.session("Left Ltd", { allowedOrigins });
  const right = await operator.session("Right Ltd", { allowedOrigins });
  await page.goto(embedHost.url({ token: left.token, id: "left" }, { token: right.token, id: "right" }));
  await expect(hubIn(page, 0).heading("Connect SpotDraft")).toBeVisible();
  await hubIn(page, 1).submit();
  await expect(hubIn(page, 1).connected).toBeVisible();
  await expect(hubIn(page, 0).connect).toBeVisible();
  await page.locator("#left").evaluate((hub) => hub.remove());
  await hubIn(page, 0).button("Close").click();
  await expect
    .poll(async () => (await eventTypes(page)).sort())
    .toEqual(["close", "ready", "ready", "success"]);
  expect(await api.accounts("Left Ltd")).toEqual([]);
  expect(await api.accounts("Right Ltd")).toHaveLength(1);
});

test("a page cannot forge messages of the Hub", async ({ embedHost, operator, page }) => {
  const { token } = await operator.session("Forged Ltd", { allowedOrigins: [embedHost.origin] });
  await page.goto(embedHost.url({ token }));
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await page.evaluate(async () => {
    const received = new Promise((resolve) => addEventListener("message", resolve, { once: true }));
    const account = { id: "forged", provider: "spotdraft" };
    postMessage({ source: "patchbay-hub", version: 1, type: "success", account }, location.origin);
    await received;
  });
  expect(await eventTypes(page)).toEqual(["ready"]);
});

test("an account, a theme, labels and a height can be set", async ({ api, embedHost, operator, page }) => {
  const owner = "Particular Ltd";
  const accountId = await api.link(owner);
  const { token } = await operator.session(owner, { accountId, allowedOrigins: [embedHost.origin] });
  const theme = JSON.stringify({ colors: { primary: { background: "#0f766e", foreground: "#ffffff" } } });
  await page.goto(
    embedHost.url({
      token,
      theme,
      "account-id": accountId,
      "close-label": "Back to Acme",
      "show-footer-links": "false",
      label: "Your contracts",
    }),
  );
  const hub = hubIn(page);
  await expect(page.getByTitle("Your contracts")).toBeVisible();
  await expect(hub.heading("Edit SpotDraft")).toBeVisible();
  await expect(hub.button("Save")).toHaveCSS("background-color", "rgb(15, 118, 110)");
  await expect(hub.root.getByText("Powered by")).toHaveCount(0);

  // The frame is as tall as its content, so nothing scrolls inside.
  await expect
    .poll(() =>
      hub.root.locator("html").evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight),
    )
    .toBe(0);
  await page.locator("patchbay-hub").evaluate((element) => element.setAttribute("height", "520px"));
  await expect(page.locator("patchbay-hub")).toHaveCSS("height", "520px");
  await page.locator("patchbay-hub").evaluate((element) => element.setAttribute("theme", "dark"));
  await expect(hub.root.locator("html")).toHaveAttribute("data-theme", "dark");
  await expectAccessible(page);
  await hub.button("Save").click();
  await expect(hub.heading("Changes saved")).toBeVisible();
  await expect(hub.button("Back to Acme")).toBeVisible();
});

test("the Hub can be used by keyboard only", async ({ embedHost, operator, page }) => {
  const { token } = await operator.session("Keys Only", { allowedOrigins: [embedHost.origin] });
  await page.goto(embedHost.url({ token }));
  const hub = hubIn(page);
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
  await expect(page.locator("body"), "the Hub does not take the focus on load").toBeFocused();
  await page.keyboard.press("Tab");
  await tabTo(page, hub.button("Cancel"));
  await page.keyboard.press("Enter");
  await expect.poll(() => eventTypes(page)).toEqual(["ready", "cancel"]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("the Hub fits", async ({ embedHost, operator, page }) => {
    const { token } = await operator.session("Small Screen", { allowedOrigins: [embedHost.origin] });
    await page.goto(embedHost.url({ token }));
    await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
  });
});
