/** Webhooks: create, health, deliveries, replay, the secret, and the signature checker. */
import { expectAccessible } from "../support/axe.ts";
import { choose } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";

/** The list of webhooks, not the page with this name. */
const LIST = (url: URL) => url.pathname === "/webhooks";

test("without a webhook the page says what they are for; the form names what is wrong", async ({
  dashboard,
}) => {
  const { page } = dashboard;
  await page.route(LIST, (route) => route.fulfill({ json: { data: [] } }), { times: 1 });
  await dashboard.open("/webhooks");
  await expect(page.getByText("No webhooks yet")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create webhook" }).first().click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Create webhook" })).toBeDisabled();
  await dialog.getByLabel("URL").fill("http://127.0.0.1:9/hook");
  await dialog.getByLabel("Headers").fill("nonsense");
  await dialog.getByRole("button", { name: "Create webhook" }).click();
  await expect(dialog.getByText("is not a header")).toBeVisible();
  await dialog.getByLabel("Headers").fill("");
  await dialog.getByRole("button", { name: "Create webhook" }).click();
  await expect(dialog.getByRole("alert")).toContainText("which outbound requests may not reach");
  await expectAccessible(page);
});

test("a webhook is created, tested, changed, gets another secret and is deleted", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/webhooks");
  await page.getByRole("button", { name: "Create webhook" }).first().click();
  const dialog = page.getByRole("dialog");
  // Nothing answers there: names below .invalid do not exist.
  await dialog.getByLabel("URL").fill("https://receiver.invalid/patchbay");
  await dialog.getByLabel("Name").fill("Nightly");
  await dialog.getByLabel("Events of connectors").fill("spotdraft:*");
  await dialog.getByRole("button", { name: "Create webhook" }).click();
  await expect(dialog.getByLabel("Secret", { exact: true })).toContainText(/^whsec_/);
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Done" }).click();

  const row = page.getByRole("row").filter({ hasText: "Nightly" });
  await expect(row).toContainText("3 events");
  await row.getByRole("link", { name: "Nightly" }).click();
  await expect(page.getByText("No deliveries yet")).toBeVisible();
  await page.getByRole("button", { name: "Send test" }).click();
  await page.getByRole("button", { name: "webhook.test" }).click();
  const attempts = async () =>
    Number(/\((\d+)\)/.exec(await dialog.getByText("Attempts (").innerText())?.[1]);
  await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThan(0);
  await expect(dialog.getByRole("alert")).toContainText("no connection could be made", { ignoreCase: true });
  await expectAccessible(page);
  const before = await attempts();
  await dialog.getByRole("button", { name: "Send again" }).click();
  await expect(page.getByText("The delivery is sent again")).toBeVisible();
  // It is also attempted again by itself, so the number may grow by more than one.
  await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThan(before);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Edit" }).click();
  await dialog.getByLabel("Name").fill("Renamed");
  await dialog.getByRole("switch", { name: "Deliver in order" }).press("Space");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Renamed");
  await expect(page.getByText("One delivery at a time, in order")).toBeVisible();

  await page.getByRole("button", { name: "Replace secret" }).click();
  await dialog.getByRole("button", { name: "Replace secret" }).click();
  await expect(dialog.getByLabel("Secret", { exact: true })).toContainText(/^whsec_/);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("Previous secret until")).toBeVisible();

  await page.getByRole("button", { name: "Send deliveries again" }).click();
  await choose(page, "Deliveries", "All, also delivered");
  await dialog.getByRole("button", { name: "Send again" }).click();
  await expect(dialog.getByText(/of 1 delivered/)).toBeVisible();
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();

  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete webhook" }).click();
  await expect(page).toHaveURL(/\/webhooks$/);
  await expect(page.getByRole("row").filter({ hasText: "Renamed" })).toHaveCount(0);
});

test("a list that cannot be loaded says so, and thousands of deliveries come in pages", async ({
  dashboard,
}) => {
  const { page } = dashboard;
  await page.route(LIST, (route) => route.fulfill({ status: 503, json: {} }));
  await dashboard.open("/webhooks");
  await expect(page.getByText("Could not load webhooks")).toBeVisible({ timeout: 20_000 });
  await expectAccessible(page);

  const health = {
    state: "failing",
    since: "2026-01-15T10:30:00.000Z",
    last_success_at: null,
    last_error: "it answered 500",
  };
  const webhook = {
    id: 7,
    name: "Busy",
    url: "https://app.example.com/hook",
    events: ["account.created"],
    connector_events: [],
    enabled: true,
    ordered: false,
    headers: [],
    previous_secret_until: null,
    health,
    created_at: "2026-01-15T10:30:00.000Z",
    updated_at: "2026-01-15T10:30:00.000Z",
  };
  await page.route(
    (url) => url.pathname === "/webhooks/7",
    (route) => route.fulfill({ json: webhook }),
  );
  await page.route("**/webhooks/7/deliveries**", (route) => {
    const before = Number(new URL(route.request().url()).searchParams.get("next") ?? 10_001);
    const data = Array.from({ length: 25 }, (_, number) => ({
      id: before - 1 - number,
      webhook_id: 7,
      event_id: `evt_${before - 1 - number}`,
      event: "account.updated",
      account_id: "a",
      state: number % 2 === 0 ? "dead" : "pending",
      next_attempt_at: null,
      attempts: 10,
      last_status: 500,
      last_error: "it answered 500",
      created_at: "2026-01-15T10:30:00.000Z",
      finished_at: null,
    }));
    return route.fulfill({ json: { data, next: before > 26 ? String(before - 25) : null } });
  });
  await dashboard.open("/webhooks/7");
  await expect(page.getByText("No delivery has succeeded for an hour").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "account.updated" })).toHaveCount(25);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(page.getByRole("button", { name: "account.updated" })).toHaveCount(50);
  await expectAccessible(page);
});

test("the checker says whether a signature fits", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/webhooks");
  await page.getByRole("button", { name: "Check a signature" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Secret", { exact: true }).fill("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  await dialog.getByLabel("webhook-id").fill("msg_p5jXN8AQM9LWM0D4loKWxJek");
  await dialog.getByLabel("webhook-timestamp").fill("1614265330");
  await dialog.getByLabel("webhook-signature").fill("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  await dialog.getByLabel("Body").fill('{"test": 2432232314}');
  await dialog.getByRole("button", { name: "Check signature" }).click();
  await expect(dialog.getByText("The signature fits.")).toBeVisible();
  await dialog.getByLabel("Body").fill('{"test": 2432232315}');
  await dialog.getByRole("button", { name: "Check signature" }).click();
  await expect(dialog.getByRole("alert")).toContainText("No signature fits");
  await expectAccessible(page);
});
