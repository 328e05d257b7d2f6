/**
 * The typed client of Patchbay's API, with the paths that `openapi-typescript` generates from the server's OpenAPI
 * document:
 *
 *     const api = createApi<paths>({ headers: () => ({ "x-project-id": project }) });
 *     const accounts = await dataOf(api.GET("/v2/accounts", { params: { query: { page: 1 } } }));
 *
 * It throws an `ApiFailure` for every response that is not 2xx and for a missing response. Every request has the header
 * that identifies the server's own pages: the server requires it for changes, and returns 401 without the challenge
 * that would make the browser ask for a username and password.
 */

import createClient, { type Client, type Middleware } from "openapi-fetch";
import { failureOf, isAbort, networkFailure } from "./failure.ts";

export { ApiFailure, asFailure, isAbort, type Problem } from "./failure.ts";

export interface ApiOptions {
  /** Default: the page's own origin. */
  baseUrl?: string;
  /** Called for every request, so that a change of the project applies immediately. */
  headers?: () => Record<string, string>;
  fetch?: (request: Request) => Promise<Response>;
}

/** The client of an API whose bodies are JSON. */
export type Api<Paths extends object> = Client<Paths, "application/json">;

export function createApi<Paths extends object>(options: ApiOptions = {}): Api<Paths> {
  const client = createClient<Paths, "application/json">({
    baseUrl: options.baseUrl ?? globalThis.location?.origin ?? "",
    credentials: "same-origin",
    // Looked up at call time, so that a test or a service worker can replace it.
    fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
  });
  const middleware: Middleware = {
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
  client.use(middleware);
  return client;
}

/** Returns the body of a successful call. A failed call throws, so a declared body is always present. */
export async function dataOf<Data>(call: Promise<{ data?: Data }>): Promise<Exclude<Data, undefined>> {
  const { data } = await call;
  return data as Exclude<Data, undefined>;
}
