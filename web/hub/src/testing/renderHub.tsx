/** Renders the whole page with a fake server, host page and window. */

import { render } from "@testing-library/react";
import { App } from "../App.tsx";
import { createHubApi, type Fetch } from "../api/hubApi.ts";
import type { Environment } from "../environment.ts";
import { createHost } from "../host.ts";
import type { Popup } from "../oauth/authorization.ts";
import { connector, profile } from "./fixtures.ts";

export interface Call {
  method: string;
  path: string;
  body: unknown;
  headers: Record<string, string>;
}

export type FakeResponse = { status?: number; body?: unknown } | Error | "never";

/** Maps `GET /hub/settings` to its response or to a function that returns one. */
export type Routes = Record<string, FakeResponse | ((call: Call) => FakeResponse)>;

const HOST = "https://app.example.com";

export const baseRoutes = (): Routes => ({
  "GET /hub/settings": { body: { enabled_features: [], session: { owner_name: "Northwind" } } },
  "GET /hub/connectors": { body: { integrations: [profile()] } },
  "GET /hub/connectors/profile_1": { body: { config: connector() } },
  "POST /hub/accounts": { body: { id: "acc_1", provider: "papertrail" } },
});

function abortable(signal: AbortSignal | null | undefined): Promise<Response> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });
}

export function fakeFetch(routes: Routes): { fetch: Fetch; calls: Call[] } {
  const calls: Call[] = [];
  const fetch: Fetch = async (url, init) => {
    const call: Call = {
      method: init.method ?? "GET",
      path: url,
      body: typeof init.body === "string" ? JSON.parse(init.body) : null,
      headers: init.headers as Record<string, string>,
    };
    calls.push(call);
    const route = routes[`${call.method} ${url}`] ?? routes[`${call.method} ${url.split("?")[0]}`];
    const response = typeof route === "function" ? route(call) : route;
    if (!response)
      return new Response(JSON.stringify({ message: `no route ${call.method} ${url}` }), { status: 404 });
    if (response === "never") return abortable(init.signal);
    if (response instanceof Error) throw response;
    const { status = 200, body } = response;
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  };
  return { fetch, calls };
}

export interface RenderOptions {
  routes?: Routes;
  environment?: Partial<Environment>;
  /** Whether the Hub is inside a page of another origin. */
  framed?: boolean;
  popup?: Popup | null;
}

export function renderHub({
  routes = {},
  environment = {},
  framed = false,
  popup = null,
}: RenderOptions = {}) {
  const { fetch, calls } = fakeFetch({ ...baseRoutes(), ...routes });
  const sent: { message: unknown; origin: string }[] = [];
  const frame = Object.assign(new EventTarget(), {
    parent: { postMessage: (message: unknown, origin: string) => sent.push({ message, origin }) },
  });
  const opened: string[] = [];
  const fakeWindow = {
    open: (url: string) => {
      opened.push(url);
      return popup;
    },
    screenX: 0,
    screenY: 0,
    outerWidth: 1200,
    outerHeight: 900,
    close: () => opened.push("closed"),
    location: {
      origin: "https://patchbay.example.com",
      assign: (url: string | URL) => opened.push(String(url)),
    },
  };
  const fullEnvironment: Environment = {
    page: "hub",
    token: "token_1",
    framed,
    hostOrigin: framed ? HOST : null,
    theme: null,
    opened: false,
    ...environment,
  };
  const host = createHost(frame as never, fullEnvironment.hostOrigin, fullEnvironment.framed);
  const { token } = fullEnvironment;
  const api = token === null ? null : createHubApi({ token, fetch });
  const view = render(<App environment={fullEnvironment} api={api} host={host} window={fakeWindow} />);
  return {
    ...view,
    calls,
    opened,
    /** The types of the messages that the host page received, in order. */
    sentTypes: () =>
      sent.map(({ message }) => (message as { type: string }).type).filter((type) => type !== "resize"),
    sent,
    /** Delivers a message to the frame, by default from its host. */
    receive(data: unknown, from: { source?: unknown; origin?: string } = {}): void {
      const event = new Event("message");
      Object.assign(event, { data, source: from.source ?? frame.parent, origin: from.origin ?? HOST });
      frame.dispatchEvent(event);
    },
    callsTo: (method: string, path: string) =>
      calls.filter((call) => call.method === method && call.path === path),
  };
}
