/** The published TypeScript SDK against a real server: every call that the server has, and that others are not found. */
import { StackOne } from "@stackone/stackone-client-ts";
import * as errors from "@stackone/stackone-client-ts/sdk/models/errors/index.js";
import { Include } from "@stackone/stackone-client-ts/sdk/models/operations/index.js";
import { Method } from "@stackone/stackone-client-ts/sdk/models/shared/index.js";
import { expect, serverTest } from "../support/fixtures.ts";
import { everyCall } from "../support/sdk-requests.ts";

/** The calls that the server has. */
const SERVED = [
  "accounts.deleteAccount",
  "accounts.getAccount",
  "accounts.getAccountMetaInfo",
  "accounts.listLinkedAccounts",
  "accounts.updateAccount",
  "actions.listActionsMeta",
  "actions.rpcAction",
  "connectSessions.authenticateConnectSession",
  "connectSessions.createConnectSession",
  "connectors.getConnectorMeta",
  "connectors.listConnectorsMeta",
  "proxy.proxyRequest",
  "requestLogs.listLogs",
  "requestLogs.listPlatformLogs",
  "requestLogs.listStepLogs",
];

const test = serverTest.extend<{ sdk: StackOne }>({
  sdk: async ({ server }, use) => {
    await use(
      new StackOne({
        serverURL: server.url,
        security: { username: server.apiKey, password: "" },
        // By default it repeats a call for an hour.
        retryConfig: { strategy: "none" },
      }),
    );
  },
});

test("creates connect sessions and reads them", async ({ sdk }) => {
  const { statusCode, connectSessionTokenAuthLink } = await sdk.connectSessions.createConnectSession({
    originOwnerId: "sdk-customer",
    originOwnerName: "SDK Customer",
    originUsername: "ada",
    provider: "spotdraft",
    expiresIn: 600,
    metadata: { plan: "gold" },
    multiple: true,
    label: "Legal",
  });
  expect(statusCode).toBe(201);
  expect(connectSessionTokenAuthLink).toMatchObject({
    originOwnerId: "sdk-customer",
    originOwnerName: "SDK Customer",
    originUsername: "ada",
    provider: "spotdraft",
    label: "Legal",
  });
  expect(connectSessionTokenAuthLink?.organizationId).toEqual(expect.any(Number));
  expect(connectSessionTokenAuthLink?.createdAt).toBeInstanceOf(Date);
  const token = connectSessionTokenAuthLink?.token ?? "";
  expect(connectSessionTokenAuthLink?.authLinkUrl).toContain(token);

  const read = await sdk.connectSessions.authenticateConnectSession({ token });
  expect(read.statusCode).toBe(201);
  expect(read.connectSession).toMatchObject({
    id: connectSessionTokenAuthLink?.id,
    organizationId: connectSessionTokenAuthLink?.organizationId,
    projectId: connectSessionTokenAuthLink?.projectId,
    originOwnerId: "sdk-customer",
  });
});

test("reads, changes and deletes accounts", async ({ api, sdk }) => {
  const id = await api.link("SDK Accounts");
  const { classes: accounts } = await sdk.accounts.listLinkedAccounts({
    originOwnerId: "sdk-accounts",
    providers: ["spotdraft"],
    status: ["active"],
    accountIds: [id],
    page: 1,
    pageSize: 10,
  });
  expect(accounts).toEqual([
    expect.objectContaining({ id, provider: "spotdraft", status: "active", originOwnerName: "SDK Accounts" }),
  ]);
  expect(accounts?.[0]?.createdAt).toBeInstanceOf(Date);
  expect((await sdk.accounts.listLinkedAccounts({ originOwnerId: "nobody" })).classes).toEqual([]);

  const { linkedAccount } = await sdk.accounts.getAccount({ id });
  expect(linkedAccount).toMatchObject({ id, provider: "spotdraft", status: "active" });
  const { linkedAccountMeta } = await sdk.accounts.getAccountMetaInfo({ id });
  expect(linkedAccountMeta).toMatchObject({ provider: "spotdraft", category: expect.any(String) });

  const patched = await sdk.accounts.updateAccount({
    id,
    patchAccountExternalDto: { originOwnerName: "SDK Ltd", originUsername: "ada" },
  });
  expect(patched.linkedAccount).toMatchObject({ id, originOwnerName: "SDK Ltd", originUsername: "ada" });

  expect((await sdk.accounts.deleteAccount({ id })).linkedAccount).toMatchObject({ id });
  await expect(sdk.accounts.getAccount({ id })).rejects.toBeInstanceOf(errors.NotFoundResponse);
});

test("reads connectors and actions", async ({ api, sdk }) => {
  const id = await api.link("SDK Catalog");
  const { classes: connectors } = await sdk.connectors.listConnectorsMeta({});
  expect(connectors?.map(({ provider }) => provider)).toContain("spotdraft");
  const { connectorsMeta } = await sdk.connectors.getConnectorMeta({ provider: "spotdraft" });
  expect(connectorsMeta).toMatchObject({ provider: "spotdraft", providerName: "SpotDraft" });

  const pages = await sdk.actions.listActionsMeta({
    pageSize: "1",
    filter: { accountIds: id },
    include: [Include.OperationDetails],
  });
  const keys: string[] = [];
  for await (const page of pages) {
    for (const { key, actions } of page.actionsMetaPaginated?.data ?? []) {
      keys.push(key ?? "");
      expect(actions?.map((action) => action.id)).toContain("spotdraft_list_contracts");
    }
  }
  expect(keys).toEqual(["spotdraft"]);
  const all: string[] = [];
  for await (const page of await sdk.actions.listActionsMeta({ pageSize: "5" })) {
    all.push(...(page.actionsMetaPaginated?.data ?? []).map(({ key }) => key ?? ""));
  }
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(5);
});

test("runs actions and sends raw requests", async ({ api, sdk }) => {
  const account = await api.link("SDK Calls");
  // The SDK has no parameter for the account's header; its README sends a content type among the inputs.
  const { actionsRpcResponse } = await sdk.actions.rpcAction({
    action: "spotdraft_list_contracts",
    query: { limit: 1 },
    headers: { "content-type": "application/json", "x-account-id": account },
  });
  expect(actionsRpcResponse?.data).toHaveLength(1);
  const withHeader = await sdk.actions.rpcAction(
    { action: "spotdraft_list_contract_types" },
    { fetchOptions: { headers: { "x-account-id": account } } },
  );
  // The SDK drops the members of a connector's own data.
  expect(withHeader.actionsRpcResponse?.data).toContainEqual({});

  const proxied = await sdk.proxy.proxyRequest({
    xAccountId: account,
    proxyRequestBody: { path: "/contract_types/", method: Method.Get },
  });
  expect(proxied.statusCode).toBe(200);

  const wrong = sdk.actions.rpcAction(
    { action: "spotdraft_no_such_action" },
    { fetchOptions: { headers: { "x-account-id": account } } },
  );
  await expect(wrong).rejects.toBeInstanceOf(errors.NotFoundResponse);
  const missing = sdk.accounts.updateAccount({ id: "no-such-account", patchAccountExternalDto: {} });
  await expect(missing).rejects.toBeInstanceOf(errors.NotFoundResponse);
});

test("repeats a call with its idempotency key", async ({ sdk }) => {
  const session = { originOwnerId: "sdk-key", originOwnerName: "SDK Key" };
  const options = { fetchOptions: { headers: { "idempotency-key": "sdk-1" } } };
  const first = await sdk.connectSessions.createConnectSession(session, options);
  const second = await sdk.connectSessions.createConnectSession(session, options);
  expect(second.connectSessionTokenAuthLink).toEqual(first.connectSessionTokenAuthLink);
  expect(second.rawResponse.headers.get("idempotent-replayed")).toBe("true");
  const other = sdk.connectSessions.createConnectSession({ ...session, label: "Other" }, options);
  await expect(other).rejects.toBeInstanceOf(errors.UnprocessableEntityResponse);
});

test("a wrong key is unauthorized", async ({ server }) => {
  const sdk = new StackOne({ serverURL: server.url, security: { username: "v1.local.wrong", password: "" } });
  const listed = sdk.accounts.listLinkedAccounts({});
  await expect(listed).rejects.toBeInstanceOf(errors.UnauthorizedResponse);
});

test("calls that the server does not have are not found", async ({ sdk, server }) => {
  const security = { basic: { username: server.apiKey, password: "" } };
  const calls = everyCall(sdk, { mcp: [security] });
  const names = calls.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(SERVED));
  expect(names.length).toBeGreaterThan(280);
  const served: string[] = [];
  // Its calls of MCP need messages and headers that it does not send: clients of MCP have tests of their own.
  for (const call of calls.filter(({ name }) => !SERVED.includes(name) && !name.startsWith("mcp."))) {
    const error = await call.send().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(error instanceof errors.NotFoundResponse)) served.push(call.name);
  }
  expect(served).toEqual([]);
});
