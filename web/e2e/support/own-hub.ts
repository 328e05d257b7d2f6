/** Our own Hub as a person sees it, on its page or inside a frame. */
import { expect, type FrameLocator, type Locator, type Page } from "@playwright/test";
import { SANDBOX } from "./server.ts";

/** The Hub, wherever it stands. */
export class OwnHub {
  readonly root: Page | FrameLocator;

  constructor(root: Page | FrameLocator) {
    this.root = root;
  }

  /** A field's control, by its label. */
  field(label: string): Locator {
    return this.root.getByLabel(label, { exact: true });
  }

  button(name: string | RegExp): Locator {
    return this.root.getByRole("button", typeof name === "string" ? { name, exact: true } : { name });
  }

  /** A screen's heading. */
  heading(name: string | RegExp): Locator {
    return this.root.getByRole("heading", { level: 1, name });
  }

  get connect(): Locator {
    return this.button("Connect");
  }

  get connected(): Locator {
    return this.heading("SpotDraft is connected");
  }

  /** Types credentials and presses Connect. */
  async submit(secret: string = SANDBOX.clientSecret): Promise<void> {
    await this.field("Client ID").fill(SANDBOX.clientId);
    await this.field("Client Secret").fill(secret);
    await this.connect.click();
  }
}

/** Presses Tab until the control has the focus; fails when it cannot be reached. */
export async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await control.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(control, "Tab leads to it").toBeFocused();
}

/** Nothing is wider than the screen. */
export async function expectFits(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, "nothing is wider than the screen").toBe(0);
}
