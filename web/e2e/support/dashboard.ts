/** The dashboard as a logged-in operator sees it. */
import { expect, type FrameLocator, type Locator, type Page } from "@playwright/test";
import { SANDBOX, type Server } from "./server.ts";

/** The password that the tests' operator sets. */
export const PASSWORD = "three words and more";

/** A logged-in operator's cookie. */
export interface Member {
  readonly cookie: { readonly name: string; readonly value: string };
}

/** The one-time link that the server printed. */
export async function loginLink(server: Server): Promise<string> {
  await expect.poll(() => server.log()).toContain("login_token=");
  return /http:\S+login_token=\S+/.exec(server.log())?.[0] ?? "";
}

/** Logs in by the link, as the page does, and sets the password. */
export async function logIn(server: Server): Promise<Member> {
  const token = new URL(await loginLink(server)).searchParams.get("login_token");
  const headers = { "content-type": "application/json", "x-requested-with": "patchbay" };
  const login = await fetch(`${server.url}/auth/login`, {
    method: "POST",
    headers,
    body: JSON.stringify({ login_token: token }),
  });
  expect(login.status, await login.clone().text()).toBe(200);
  const [pair = ""] = (login.headers.get("set-cookie") ?? "").split(";");
  const [name = "", value = ""] = pair.split("=");
  const password = await fetch(`${server.url}/auth/password`, {
    method: "PUT",
    headers: { ...headers, cookie: pair },
    body: JSON.stringify({ password: PASSWORD }),
  });
  expect(password.status, await password.text()).toBe(204);
  return { cookie: { name, value } };
}

/** A page object for the dashboard. */
export class Dashboard {
  readonly page: Page;
  private readonly server: Server;

  constructor(page: Page, server: Server) {
    this.page = page;
    this.server = server;
  }

  /** Opens a page under `/dashboard`. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${this.server.url}/dashboard${path}`);
    await expect(this.page.getByRole("heading", { level: 1 })).toBeVisible();
  }

  /** The table row of an owner's account. */
  row(owner: string): Locator {
    return this.page.getByRole("row").filter({ hasText: owner });
  }

  /** Chooses an item of an account's menu. */
  async choose(owner: string, item: string): Promise<void> {
    await this.page
      .getByRole("button", { name: `Actions for ${owner}` })
      .first()
      .click();
    await this.page.getByRole("menuitem", { name: item, exact: true }).click();
  }

  /** The Hub in a dialog. */
  get hub(): FrameLocator {
    return this.page.frameLocator('iframe[title="Link an account"]');
  }

  /** Fills in the sandbox's credentials and connects. */
  async connect(secret: string = SANDBOX.clientSecret): Promise<void> {
    await this.hub.getByLabel("Client ID", { exact: true }).fill(SANDBOX.clientId);
    await this.hub.getByLabel("Client Secret", { exact: true }).fill(secret);
    await this.hub.getByRole("button", { name: "Connect", exact: true }).click();
  }
}

/** Chooses the first option that contains a text from a select. */
export async function choose(page: Page, label: string, text: string): Promise<void> {
  const input = page.getByLabel(label, { exact: true }).and(page.locator("input"));
  await input.click();
  // A short list is not searchable.
  if (await input.isEditable()) await input.fill(text);
  await page.getByRole("option", { name: text }).first().click();
}
