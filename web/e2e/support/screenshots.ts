/**
 * Pictures for the documentation, in light and dark. The tests take them, so that they never show an outdated screen.
 *
 * They are part of the binary, so they are only as large as a reader needs.
 */
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { screenshotsPath } from "./paths.ts";

/** The size of a picture of a page. The text of the documentation is narrower still. */
const SIZE = { width: 1040, height: 720 };

interface Options {
  /** Default: the width of most pictures. */
  width?: number;
  /** Default: the height of most pictures. */
  height?: number;
  /** Whether the screen has a dark mode. */
  dark?: boolean;
}

/** Takes `NAME.png` and `NAME-dark.png` if this run takes screenshots. */
export async function takeScreenshot(
  subject: Page | Locator,
  name: string,
  { width = SIZE.width, height = SIZE.height, dark = true }: Options = {},
): Promise<void> {
  const directory = screenshotsPath();
  if (directory === undefined) return;
  const page = "page" in subject ? subject.page() : subject;
  const before = page.viewportSize();
  if (page === subject) await page.setViewportSize({ width, height });
  for (const colorScheme of dark ? (["light", "dark"] as const) : (["light"] as const)) {
    await page.emulateMedia({ colorScheme });
    const file = colorScheme === "dark" ? `${name}-dark.png` : `${name}.png`;
    await subject.screenshot({ path: join(directory, file), animations: "disabled", caret: "hide" });
  }
  await page.emulateMedia({ colorScheme: null });
  if (before !== null) await page.setViewportSize(before);
}
