/** The tests of our own Hub and of the element: on top of what every test gets, an operator and a host of the element. */

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
