/** Accessibility checks with axe: WCAG 2.2 AA and axe's best practices. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** Fails if axe finds a violation, with the rule, the element and the reason. */
export async function expectAccessible(page: Page): Promise<void> {
  await animationsFinished(page);
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const found = violations.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary ?? violation.help}`,
    ),
  );
  expect(found).toEqual([]);
}

/** Waits for all finite animations, since colors have too little contrast during a fade. */
async function animationsFinished(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => {
      const isInfinite = animation.effect?.getComputedTiming().iterations === Number.POSITIVE_INFINITY;
      return isInfinite || animation.playState !== "running";
    }),
  );
}
