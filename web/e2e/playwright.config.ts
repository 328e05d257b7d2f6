/**
 * How the browser tests run: Debian's own Chromium, no browser download, nothing beyond loopback.
 *
 * `PATCHBAY_BIN` names the binary under test, `CHROMIUM` another browser than `/usr/bin/chromium`,
 * `PATCHBAY_SCREENSHOTS=1` renews the pictures in `docs/images/`.
 */
import { defineConfig } from "@playwright/test";
import type { WorkerOptions } from "./support/fixtures.ts";
import { browserPath, serverPath } from "./support/paths.ts";

export default defineConfig<object, WorkerOptions>({
  testDir: "tests",
  outputDir: "test-results",
  // A picture or a retry would hide what fails; one run, one truth.
  retries: 0,
  forbidOnly: true,
  workers: 2,
  fullyParallel: false,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    serverBinary: serverPath(),
    viewport: { width: 1200, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: browserPath(),
      // Playwright gives every launch a fresh profile directory by itself.
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
