/** Pictures for the documentation, made by the tests themselves so that they never show an older screen. */
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { picturesPath } from "./paths.ts";

/** Takes a picture when this run makes them; else does nothing. */
export async function picture(subject: Page | Locator, name: string): Promise<void> {
  const directory = picturesPath();
  if (directory === undefined) return;
  await subject.screenshot({ path: join(directory, `${name}.png`), animations: "disabled", caret: "hide" });
}
