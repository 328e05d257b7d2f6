/**
 * A page object for the stock Hub component.
 *
 * The custom element uses an open shadow root, which Playwright's locators pierce automatically.
 */
import type { Locator, Page } from "@playwright/test";
import type { HubAttributes, HubKind, StockHubHost } from "./stock-hub-host.ts";

/** An event that the element sent to its host page. */
export interface StockHubEvent {
  readonly type: "success" | "close";
  readonly detail: { readonly id: string; readonly provider: string } | null;
}

/** The display of a stored secret: ten dots. */
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
    this.element = page.locator("stackone-hub, #react-hub");
    this.connect = this.element.getByRole("button", { name: "Connect", exact: true });
    this.success = this.element.getByText("Connection Successful");
    this.guideLink = this.element.getByRole("link", { name: "Connection guide" });
  }

  /** Opens the host page with the Hub on it. */
  async open(host: StockHubHost, attributes: HubAttributes, kind?: HubKind): Promise<void> {
    await this.page.goto(host.url(attributes, kind));
  }

  /** Returns the input of a field, by the connector's key. */
  field(key: string): Locator {
    return this.element.locator(`input[name="${key}"]`);
  }

  /** Returns the read-only placeholder of a stored secret. */
  placeholder(key: string): Locator {
    return this.element.locator(`input[name="${key}-display"]`);
  }

  /** Fills in the fields and presses Connect. */
  async submit(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) await this.field(key).fill(value);
    await this.connect.click();
  }

  /** Opens the list that shows one option and chooses another. */
  async choose(current: string, option: string): Promise<void> {
    await this.element.getByText(current, { exact: true }).click();
    // Newer versions show the options in a layer of the page, older ones in the Hub.
    await this.page.getByText(option, { exact: true }).last().click();
  }

  /** Expands the error, so that the provider's response is visible. */
  async expandError(): Promise<void> {
    await this.element.getByRole("button", { name: "Expand" }).click();
  }

  /** Returns the events that the host page received. */
  async events(): Promise<StockHubEvent[]> {
    return this.page.evaluate(() => (window as unknown as { hubEvents: StockHubEvent[] }).hubEvents);
  }
}
