/**
 * The stock Hub as a person sees it: fields by their name, buttons by their label, text on the card.
 *
 * The component lives in an open shadow root, which Playwright's locators look into by themselves.
 */
import type { Locator, Page } from "@playwright/test";
import type { HostPage, HubAttributes } from "./host-page.ts";

/** An event that the element has sent to its host page. */
export interface HubEvent {
  readonly type: "success" | "close";
  readonly detail: { readonly id: string; readonly provider: string } | null;
}

/** What the Hub shows for a stored secret: ten dots. */
export const DOTS = "•".repeat(10);

/** The Hub on a host page. */
export class StockHub {
  readonly page: Page;
  readonly element: Locator;
  readonly connect: Locator;
  readonly success: Locator;
  readonly guideLink: Locator;

  constructor(page: Page) {
    this.page = page;
    this.element = page.locator("stackone-hub");
    this.connect = this.element.getByRole("button", { name: "Connect", exact: true });
    this.success = this.element.getByText("Connection Successful");
    this.guideLink = this.element.getByRole("link", { name: "Connection guide" });
  }

  /** Opens the host page with the Hub on it. */
  async open(host: HostPage, attributes: HubAttributes): Promise<void> {
    await this.page.goto(host.url(attributes));
  }

  /** A field's input, by the key that the connector gives it. */
  field(key: string): Locator {
    return this.element.locator(`input[name="${key}"]`);
  }

  /** The read-only stand-in for a stored secret. */
  placeholder(key: string): Locator {
    return this.element.locator(`input[name="${key}-display"]`);
  }

  /** Fills in the fields and presses Connect. */
  async submit(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) await this.field(key).fill(value);
    await this.connect.click();
  }

  /** Opens the list that shows one option and picks another. */
  async choose(shown: string, wanted: string): Promise<void> {
    await this.element.getByText(shown, { exact: true }).click();
    await this.page.locator("[data-dropdown-option]").filter({ hasText: wanted }).click();
  }

  /** Opens the error box, so that the provider's own response shows. */
  async expandError(): Promise<void> {
    await this.element.getByRole("button", { name: "Expand" }).click();
  }

  /** The events that the host page has received. */
  async events(): Promise<HubEvent[]> {
    return this.page.evaluate(() => (window as unknown as { hubEvents: HubEvent[] }).hubEvents);
  }
}
