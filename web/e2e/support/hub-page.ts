/** A page object for Patchbay's Hub, on its own page or inside a frame. */
import { expect, type FrameLocator, type Locator, type Page } from "@playwright/test";
import { SANDBOX } from "./server.ts";

const MAX_TAB_PRESSES = 40;

/** The Hub on a page or in a frame. */
export class HubPage {
  readonly root: Page | FrameLocator;

  constructor(root: Page | FrameLocator) {
    this.root = root;
  }

  /** Returns the control of a field, by label. */
  field(label: string): Locator {
    return this.root.getByLabel(label, { exact: true });
  }

  button(name: string | RegExp): Locator {
    return this.root.getByRole("button", typeof name === "string" ? { name, exact: true } : { name });
  }

  /** Returns a screen's heading. */
  heading(name: string | RegExp): Locator {
    return this.root.getByRole("heading", { level: 1, name });
  }

  get connect(): Locator {
    return this.button("Connect");
  }

  get connected(): Locator {
    return this.heading("SpotDraft is connected");
  }

  /** Fills in credentials and presses Connect. */
  async submit(secret: string = SANDBOX.clientSecret): Promise<void> {
    await this.field("Client ID").fill(SANDBOX.clientId);
    await this.field("Client Secret").fill(secret);
    await this.connect.click();
  }
}

/** Presses Tab until the control has the focus; fails if it cannot be reached. */
export async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let presses = 0; presses < MAX_TAB_PRESSES; presses += 1) {
    if (await control.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(control, "the control is reachable by Tab").toBeFocused();
}

/** Expects that the page is not wider than the screen. */
export async function expectFits(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, "the page is not wider than the screen").toBe(0);
}
