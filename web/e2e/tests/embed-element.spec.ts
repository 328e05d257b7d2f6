/** `<patchbay-hub>` in a page of another origin: what it tells, what it never tells, and who may show it. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import type { Notes } from "../support/embed-host.ts";
import { expect, test } from "../support/own-fixtures.ts";
import { expectFits, OwnHub, tabTo } from "../support/own-hub.ts";
import { picture } from "../support/pictures.ts";
import { SANDBOX } from "../support/server.ts";

const hubIn = (page: Page, place = 0): OwnHub =>
  new OwnHub(page.locator("patchbay-hub").nth(place).frameLocator("iframe"));

const notes = (page: Page): Promise<Notes> =>
  page.evaluate(() => (window as unknown as { notes: Notes }).notes);

const eventTypes = async (page: Page): Promise<string[]> =>
  (await notes(page)).events.map(({ type }) => type);

test("links an account and tells the page its id, and nothing that was typed", async ({
  api,
  embedHost,
  operator,
  page,
  traffic,
}) => {
  const owner = "Embedding Ltd";
  const { token } = await operator.session(owner, { allowedOrigins: [embedHost.origin] });
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(embedHost.url({ token }));
  const hub = hubIn(page);
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
  await expectAccessible(page);
  await picture(page, "embed-form");
  await hub.submit("mistyped-secret-3141");
  await expect(hub.root.getByRole("alert")).toBeVisible();
  await hub.submit();
  await expect(hub.connected).toBeVisible();
  await expectAccessible(page);
  const [account] = await api.accounts(owner);
  await hub.button("Close").click();
  await expect.poll(() => eventTypes(page)).toEqual(["ready", "success", "close"]);

  const { events, messages } = await notes(page);
  expect(events[1]?.detail).toEqual({ id: account?.id, provider: "spotdraft" });
  const told = JSON.stringify(messages);
  expect(messages).toContainEqual({
    type: "AccountConnected",
    account: { id: account?.id, provider: "spotdraft" },
  });
  const seen = await page.evaluate(() => {
    const shadows = [...document.querySelectorAll("patchbay-hub")].map((hub) => hub.shadowRoot?.innerHTML);
    const stored = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
    return document.documentElement.outerHTML + shadows.join() + JSON.stringify(stored);
  });
  for (const secret of [SANDBOX.clientSecret, SANDBOX.clientId, "mistyped-secret-3141"]) {
    expect(told).not.toContain(secret);
    expect(seen).not.toContain(secret);
  }
  expect(told).not.toContain(token);
  for (const request of await traffic.holding(SANDBOX.clientSecret)) {
    expect(request.frame().url(), "only the Hub's own frame sends it").toMatch(/\/embedded\/integrations$/);
  }
  expect(complaints).toEqual([]);
});

test("a page that the session does not allow is refused, and the element says what to add", async ({
  embedHost,
  operator,
  page,
}) => {
  const { token } = await operator.session("Forgot To Allow");
  await page.clock.install();
  const refused = page.waitForEvent("console", {
    predicate: (message) => message.text().includes("frame-ancestors"),
  });
  await page.goto(embedHost.url({ token }));
  await refused;
  await page.clock.fastForward(10_000);
  const notice = page.getByRole("alert");
  await expect(notice).toContainText("The Hub did not open");
  await expect(notice).toContainText(`"allowed_origins": ["${embedHost.origin}"]`);
  await expectAccessible(page);
  await picture(page, "embed-refused");
  const { events } = await notes(page);
  expect(events).toEqual([
    { type: "error", detail: { code: "unreachable", message: expect.stringContaining(embedHost.origin) } },
  ]);
  expect(JSON.stringify(events)).not.toContain(token);

  // Another session, made as the notice says, opens in the same element.
  const allowed = await operator.session("Forgot To Allow", { allowedOrigins: [embedHost.origin] });
  await page
    .locator("patchbay-hub")
    .evaluate((hub, value) => hub.setAttribute("token", value), allowed.token);
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await expect(notice).toBeHidden();
});

test("a server that is not there is said to be", async ({ embedHost, page }) => {
  await page.clock.install();
  // Port 9 answers nobody.
  await page.goto(embedHost.url({ token: "t", "base-url": "http://127.0.0.1:9" }));
  await expect(page.locator("patchbay-hub iframe")).toHaveCount(1);
  await page.clock.fastForward(10_000);
  await expect(page.getByRole("alert")).toContainText("http://127.0.0.1:9");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("two on one page do not disturb each other", async ({ api, embedHost, operator, page }) => {
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

test("a page cannot speak for the Hub", async ({ embedHost, operator, page }) => {
  const { token } = await operator.session("Forged Ltd", { allowedOrigins: [embedHost.origin] });
  await page.goto(embedHost.url({ token }));
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await page.evaluate(async () => {
    const heard = new Promise((resolve) => addEventListener("message", resolve, { once: true }));
    const account = { id: "forged", provider: "spotdraft" };
    postMessage({ source: "patchbay-hub", version: 1, type: "success", account }, location.origin);
    await heard;
  });
  expect(await eventTypes(page)).toEqual(["ready"]);
});

test("it can be edited, themed, named and given a height", async ({ api, embedHost, operator, page }) => {
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
  await expect(hub.root.getByText("Connected by")).toHaveCount(0);

  // As tall as what it shows: nothing scrolls inside the frame.
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

test("by keyboard alone, from the page into the Hub and out by Cancel", async ({
  embedHost,
  operator,
  page,
}) => {
  const { token } = await operator.session("Keys Only", { allowedOrigins: [embedHost.origin] });
  await page.goto(embedHost.url({ token }));
  const hub = hubIn(page);
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
  await expect(page.locator("body"), "the Hub does not take the focus by itself").toBeFocused();
  await page.keyboard.press("Tab");
  await tabTo(page, hub.button("Cancel"));
  await page.keyboard.press("Enter");
  await expect.poll(() => eventTypes(page)).toEqual(["ready", "cancel"]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("it fits", async ({ embedHost, operator, page }) => {
    const { token } = await operator.session("Small Screen", { allowedOrigins: [embedHost.origin] });
    await page.goto(embedHost.url({ token }));
    await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
    await expectFits(page);
    await expectAccessible(page);
  });
});
