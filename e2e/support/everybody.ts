import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** Expects a page to be one that everybody can use: its words for who does not see, its colours, its focus, its width. */
export async function expectForEverybody(page: Page) {
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(page.locator("html")).toHaveAttribute("dir", "ltr");
  await expect(page).toHaveTitle(/Latchkey/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Colours fade from one scheme to the other.
    await page.waitForFunction(() => document.getAnimations().length === 0);
    const axe = new AxeBuilder({ page });
    // Colours are all that the other scheme changes.
    if (colorScheme === "dark") axe.withRules("color-contrast");
    const { violations, passes } = await axe.analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    expect(found, `in ${colorScheme}`).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
  }
  await expectFocusToBeSeen(page);
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, "at 320 px").toBeLessThanOrEqual(320);
}

/** Goes through the page with the keyboard and expects each stop to look unlike itself at rest. */
async function expectFocusToBeSeen(page: Page) {
  const stops = await page
    .locator("a[href]:visible, button:visible, input:visible, select:visible")
    .count();
  expect(stops).toBeGreaterThan(1);
  for (let stop = 0; stop < stops; stop++) {
    await page.keyboard.press("Tab");
    const change = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return "left";
      const look = () => {
        const { outline, boxShadow, backgroundColor, borderColor } = getComputedStyle(element);
        return [outline, boxShadow, backgroundColor, borderColor].join();
      };
      const focused = look();
      element.blur();
      const atRest = look();
      element.focus({ preventScroll: true });
      return focused === atRest ? element.outerHTML : "seen";
    });
    if (change === "left") return;
    expect(change).toBe("seen");
  }
}
