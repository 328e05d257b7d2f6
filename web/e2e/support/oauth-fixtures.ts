/** The fixtures of the OAuth tests: a server, an independent provider, and a profile with its OAuth app. */
import type { Page } from "@playwright/test";
import { CLIENT, type OidcProvider, startOidcProvider } from "../providers/oidc.ts";
import { test as base } from "./fixtures.ts";
import { Operator } from "./operator.ts";
import { fixturePath } from "./paths.ts";
import { type Server, startServer } from "./server.ts";

/** The server and the provider of one worker. */
export interface OAuthEnvironment {
  readonly server: Server;
  readonly provider: OidcProvider;
}

export const test = base.extend<object, { oauth: OAuthEnvironment }>({
  oauth: [
    async ({ serverBinary }, use) => {
      const connectors = fixturePath("connectors");
      const options = ["--connectors", connectors, "--egress-allow", "127.0.0.1/32"];
      const server = await startServer(serverBinary, options);
      const provider = await startOidcProvider(`${server.url}/connect/oauth2/oidc/callback`);
      await new Operator(server).call("POST", "/auth_configs", 201, {
        connector_key: "oidc",
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

/** Logs in on the provider's login page. */
async function logInAtProvider(page: Page, user: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(user);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

/** Logs in and consents on the provider's pages. */
export async function authorizeAt(page: Page, user: string): Promise<void> {
  await logInAtProvider(page, user);
  await consentAt(page);
}

/** Consents at a provider that still has a session. */
export async function consentAt(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Logs in on the provider's pages and denies access. */
export async function denyAt(page: Page, user: string): Promise<void> {
  await logInAtProvider(page, user);
  await page.getByRole("link", { name: /Cancel/ }).click();
}

/** Makes the browser block popups. */
export async function blockPopups(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.open = () => null;
  });
}

export { expect } from "./fixtures.ts";
