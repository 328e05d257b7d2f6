/** Where sign-ins are tested: a server, a provider that we did not write, and a profile with its app. */
import type { Page } from "@playwright/test";
import { type Adversary, CLIENT, startAdversary } from "../adversary/provider.ts";
import { test as base } from "./fixtures.ts";
import { Operator } from "./operator.ts";
import { fixturePath } from "./paths.ts";
import { type Server, startServer } from "./server.ts";

/** The server and the provider of a worker. */
export interface Place {
  readonly server: Server;
  readonly provider: Adversary;
}

export const test = base.extend<object, { place: Place }>({
  place: [
    async ({ serverBinary }, use) => {
      const connectors = fixturePath("connectors");
      const options = ["--connectors", connectors, "--egress-allow", "127.0.0.1/32"];
      const server = await startServer(serverBinary, options);
      const provider = await startAdversary(`${server.url}/connect/oauth2/anchor/callback`);
      await new Operator(server).call("POST", "/auth_configs", 201, {
        connector_key: "anchor",
        name: "Our app",
        default: true,
        setup_information: { site: provider.url, clientId: CLIENT.id, clientSecret: CLIENT.secret },
      });
      await use({ server, provider });
      await provider.stop();
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

/** Types who it is on the provider's own page, and goes on to consent. */
async function enter(page: Page, user: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(user);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

/** Signs in on the provider's own pages, and consents. */
export async function signInAt(page: Page, user: string): Promise<void> {
  await enter(page, user);
  await consentAt(page);
}

/** Consents again at a provider that remembers who it is. */
export async function consentAt(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Signs in, and refuses what the app asks for. */
export async function refuseAt(page: Page, user: string): Promise<void> {
  await enter(page, user);
  await page.getByRole("link", { name: /Cancel/ }).click();
}

/** Windows do not open, as when the browser blocks them. */
export async function blockWindows(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.open = () => null;
  });
}

export { expect } from "./fixtures.ts";
