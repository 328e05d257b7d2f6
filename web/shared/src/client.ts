/**
 * The typed client of Patchbay's API, over the paths that `openapi-typescript` made from the server's
 * OpenAPI document:
 *
 *     const api = createApi<paths>({ headers: () => ({ "x-project-id": project }) });
 *     const accounts = await dataOf(api.GET("/v2/accounts", { params: { query: { page: 1 } } }));
 *
 * It throws an `ApiFailure` for every answer that is not 2xx and for no answer at all, and sends the
 * header by which the server knows a page of its own: it wants it with every change, and answers a 401
 * without the challenge that would make the browser ask for a name and a password.
 */

import createClient, { type Client, type Middleware } from "openapi-fetch";
import { failureOf, isAbort, networkFailure } from "./failure.ts";

export { ApiFailure, asFailure, isAbort, type Problem } from "./failure.ts";

export interface ApiOptions {
  /** Default: the page's own origin. */
  baseUrl?: string;
  /** Asked anew for every call, so that a change of project counts at once. */
  headers?: () => Record<string, string>;
  fetch?: (request: Request) => Promise<Response>;
}

/** The client of an API whose bodies are JSON. */
export type Api<Paths extends object> = Client<Paths, "application/json">;

export function createApi<Paths extends object>(options: ApiOptions = {}): Api<Paths> {
  const client = createClient<Paths, "application/json">({
    baseUrl: options.baseUrl ?? globalThis.location?.origin ?? "",
    credentials: "same-origin",
    // Looked up at call time, so that a test or a service worker may replace it.
    fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
  });
  const house: Middleware = {
    onRequest({ request }) {
      request.headers.set("x-requested-with", "patchbay");
      for (const [name, value] of Object.entries(options.headers?.() ?? {})) request.headers.set(name, value);
      return request;
    },
    async onResponse({ response }) {
      if (!response.ok) throw await failureOf(response);
    },
    onError({ error }) {
      return isAbort(error) ? (error as Error) : networkFailure(error);
    },
  };
  client.use(house);
  return client;
}

/** The body of a call. A failed call has thrown before, so there is always one where one is promised. */
export async function dataOf<Data>(call: Promise<{ data?: Data }>): Promise<Exclude<Data, undefined>> {
  const { data } = await call;
  return data as Exclude<Data, undefined>;
}
