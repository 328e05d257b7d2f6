/** A page object for the documentation. */
import type { Locator, Page } from "@playwright/test";
import type { Server } from "./server.ts";

/** Paths that the tests open. */
export const DOCS = {
  spotdraftGuide: "/docs/connectors/spotdraft/guides/custom",
  linkingMethods: "/docs/link-accounts",
  accountsPage: "/docs/guides/accounts-section",
  apiKeys: "/docs/guides/api-keys",
  runningActions: "/docs/guides/running-actions",
} as const;

/** A page of the documentation in a browser. */
export class DocsPage {
  readonly page: Page;
  readonly main: Locator;
  readonly title: Locator;
  readonly skipLink: Locator;
  /** The menu of a narrow screen. */
  readonly menu: Locator;
  readonly sideNavigation: Locator;
  private readonly server: Server;

  constructor(page: Page, server: Server) {
    this.page = page;
    this.server = server;
    this.main = page.getByRole("main");
    this.title = page.getByRole("heading", { level: 1 });
    this.skipLink = page.getByRole("link", { name: "Skip to content" });
    this.menu = page.getByRole("navigation", { name: "Documentation menu" });
    this.sideNavigation = page.getByRole("navigation", { name: "Documentation", exact: true });
  }

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.server.url}${path}`);
  }

  /** Returns the section of a guide with a heading. */
  section(heading: string): Locator {
    return this.page.locator("section", { has: this.page.getByRole("heading", { name: heading }) });
  }

  /** Returns a group of code blocks that are tabs when the script runs. */
  tabs(group: number): Locator {
    return this.page.locator(".tabs").nth(group);
  }
}
