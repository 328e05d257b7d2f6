/** The fixtures of the tests for Patchbay's Hub and element: additionally an operator and an embedding page. */

import { type EmbedHost, startEmbedHost } from "./embed-host.ts";
import { test as base } from "./fixtures.ts";
import { Operator } from "./operator.ts";

export const test = base.extend<{ operator: Operator }, { embedHost: EmbedHost }>({
  operator: async ({ server }, use) => use(new Operator(server)),
  embedHost: [
    async ({ server }, use) => {
      const host = await startEmbedHost(server.url);
      await use(host);
      await host.stop();
    },
    { scope: "worker" },
  ],
});

export { expect } from "@playwright/test";
