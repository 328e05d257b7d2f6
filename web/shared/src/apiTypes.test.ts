/**
 * The types that a generator makes of the server's OpenAPI document: requests and responses need no casts. `tsc` is the
 * test; the calls below also run, against a fake server.
 */

import { expect, it } from "vitest";
import type { components, paths } from "./api.gen.ts";
import { createApi, dataOf } from "./client.ts";

type Schemas = components["schemas"];

const apiThatReturns = (body: unknown) =>
  createApi<paths>({
    baseUrl: "https://patchbay.example.com",
    fetch: async () =>
      new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } }),
  });

const trace: Schemas["RunTrace"] = { duration_ms: 4, requests: [] };

it("types a run's inputs and its result", async () => {
  const api = apiThatReturns({ data: [{ id: "1" }], next: "c2", total: 7, debug: trace });
  const result = await dataOf(
    api.POST("/actions/rpc", {
      params: { header: { "x-account-id": "account" }, query: { debug: true } },
      body: {
        action: "acme_list_items",
        query: { limit: 10, tags: ["a"] },
        body: { nested: { deep: true } },
      },
    }),
  );
  const debug: Schemas["RunTrace"] | undefined = result.debug;
  const total: unknown = result.total;
  expect([result.data, result.next, debug?.duration_ms, total]).toEqual([[{ id: "1" }], "c2", 4, 7]);
});

it("rejects inputs that the server would reject", () => {
  const api = apiThatReturns({ data: null, next: null });
  const header = { "x-account-id": "account" };
  const calls = () => [
    // @ts-expect-error The action is missing.
    api.POST("/actions/rpc", { params: { header }, body: { query: {} } }),
    // @ts-expect-error Inputs are objects.
    api.POST("/actions/rpc", { params: { header }, body: { action: "a", query: "limit=10" } }),
    // @ts-expect-error The status does not exist.
    api.GET("/v2/accounts", { params: { query: { status: ["asleep"] } } }),
  ];
  expect(calls).toBeTypeOf("function");
});

it("types the catalog, the proxy and the Hub", async () => {
  const page: Schemas["ActionPage"] = await dataOf(apiThatReturns({ next: null, data: [] }).GET("/actions"));
  const proxied = await dataOf(
    apiThatReturns({ status: 204, headers: { etag: "x" }, data: null }).POST("/unified/proxy", {
      params: { header: { "x-account-id": "account" } },
      body: { method: "post", path: "/items", headers: { "x-count": 3 }, body: { name: "a" } },
    }),
  );
  const integrations: Schemas["Integration"][] = (
    await dataOf(apiThatReturns({ integrations: [], external_trigger_token: "t" }).GET("/hub/connectors"))
  ).integrations;
  expect([page.data, proxied.headers.etag, integrations]).toEqual([[], "x", []]);
});
