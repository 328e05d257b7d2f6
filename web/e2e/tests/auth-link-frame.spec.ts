/** An auth link in a frame of a customer's page, without the element: the page learns which account was linked. */
import { Api } from "../support/api.ts";
import { type FrameHost, receivedBy, startFrameHost } from "../support/frame-host.ts";
import { HubPage } from "../support/hub-page.ts";
import { authorizeAt, test as base, expect } from "../support/oauth-fixtures.ts";
import { Operator } from "../support/operator.ts";
import { SANDBOX } from "../support/server.ts";

const test = base.extend<object, { framing: FrameHost }>({
  framing: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's shape
    async ({}, use) => {
      const host = await startFrameHost();
      await use(host);
      await host.stop();
    },
    { scope: "worker" },
  ],
});

test("the page learns once which account was linked, and nothing else", async ({
  api,
  framing,
  page,
  server,
}) => {
  const owner = "Framed Ltd";
  // The page around the Hub is not the first of the allowed origins.
  const allowedOrigins = ["https://app.example.com", framing.origin, "http://127.0.0.1:9"];
  const { link, token } = await new Operator(server).session(owner, { allowedOrigins });
  await page.goto(framing.url(link));
  const hub = new HubPage(page.frameLocator("iframe"));
  await hub.submit("mistyped-secret-2718");
  await expect(hub.root.getByRole("alert")).toBeVisible();
  expect(await receivedBy(page)).toEqual([]);
  await hub.submit();
  await expect(hub.connected).toBeVisible();
  await expect.poll(() => receivedBy(page)).toHaveLength(1);
  const [account] = await api.accounts(owner);
  const received = await receivedBy(page);
  expect(received).toEqual([
    {
      data: { type: "AccountConnected", account: { id: account?.id, provider: "spotdraft" } },
      origin: server.url,
      isFromFrame: true,
    },
  ]);
  for (const secret of [SANDBOX.clientSecret, SANDBOX.clientId, token, "mistyped-secret-2718"]) {
    expect(JSON.stringify(received)).not.toContain(secret);
  }
});

test("an account that was authorized in the provider's window is reported, too", async ({
  framing,
  oauth,
  page,
}) => {
  const owner = "Framed Window Ltd";
  const options = { provider: "oidc", allowedOrigins: [framing.origin] };
  const { link } = await new Operator(oauth.server).session(owner, options);
  await page.goto(framing.url(link));
  const hub = new HubPage(page.frameLocator("iframe"));
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await authorizeAt(await opened, "fay");
  await expect(hub.heading("Example OIDC is connected")).toBeVisible();
  const [account] = await new Api(oauth.server).accounts(owner);
  await expect
    .poll(() => receivedBy(page))
    .toEqual([
      {
        data: { type: "AccountConnected", account: { id: account?.id, provider: "oidc" } },
        origin: oauth.server.url,
        isFromFrame: true,
      },
    ]);
});

test("a page that the session does not allow frames and learns nothing", async ({
  api,
  framing,
  page,
  server,
}) => {
  const owner = "Foreign Frame Ltd";
  const { link } = await new Operator(server).session(owner, { allowedOrigins: ["https://app.example.com"] });
  const blocked = page.waitForEvent("console", {
    predicate: (message) => message.text().includes("frame-ancestors"),
  });
  await page.goto(framing.url(link));
  await blocked;
  await expect(page.frameLocator("iframe").getByRole("heading")).toHaveCount(0);
  expect(await receivedBy(page)).toEqual([]);
  expect(await api.accounts(owner)).toEqual([]);
});
