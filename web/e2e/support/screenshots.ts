/** Screenshots for the documentation. The tests take them, so that they never show an outdated screen. */
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { screenshotsPath } from "./paths.ts";

/** Takes a screenshot if this run takes screenshots. */
export async function takeScreenshot(subject: Page | Locator, name: string): Promise<void> {
  const directory = screenshotsPath();
  if (directory === undefined) return;
  await subject.screenshot({ path: join(directory, `${name}.png`), animations: "disabled", caret: "hide" });
}
