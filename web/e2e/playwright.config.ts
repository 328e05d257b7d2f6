/**
 * The configuration of the browser tests: Debian's Chromium, no browser download, only loopback requests.
 *
 * `PATCHBAY_BIN` sets the binary under test, `CHROMIUM` the browser (default `/usr/bin/chromium`), and
 * `PATCHBAY_SCREENSHOTS=1` updates the screenshots in `docs/images/`.
 */
import { defineConfig } from "@playwright/test";
import type { WorkerOptions } from "./support/fixtures.ts";
import { browserPath, serverPath } from "./support/paths.ts";

export default defineConfig<object, WorkerOptions>({
  testDir: "tests",
  outputDir: "test-results",
  // A retry would hide flaky tests.
  retries: 0,
  forbidOnly: true,
  workers: 2,
  fullyParallel: false,
  // The machine of a test run may be slow for half a minute: two workers share it with two servers.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    serverBinary: serverPath(),
    viewport: { width: 1200, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: browserPath(),
      // Playwright creates a new profile directory for every launch.
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
