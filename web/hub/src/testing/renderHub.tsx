/** Draws the whole page against a server, a host and a window that exist only in the test. */

import { render } from "@testing-library/react";
import { App } from "../App.tsx";
import { createHubApi, type Fetch } from "../api/hubApi.ts";
import type { Environment } from "../environment.ts";
import { createHost } from "../host.ts";
import type { Popup } from "../oauth/signIn.ts";
import { config, integration } from "./fixtures.ts";

export interface Call {
  method: string;
  path: string;
  body: unknown;
  headers: Record<string, string>;
}

export type Answer = { status?: number; body?: unknown } | Error | "never";

/** `GET /hub/settings` → its answer, or a function that makes one. */
export type Routes = Record<string, Answer | ((call: Call) => Answer)>;

const HOST = "https://app.example.com";

export const baseRoutes = (): Routes => ({
  "GET /hub/settings": { body: { enabled_features: [], session: { owner_name: "Northwind" } } },
  "GET /hub/connectors": { body: { integrations: [integration()] } },
  "GET /hub/connectors/profile_1": { body: { config: config() } },
  "POST /hub/accounts": { body: { id: "acc_1", provider: "papertrail" } },
});

function abortable(signal: AbortSignal | null | undefined): Promise<Response> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
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
    const answer = typeof route === "function" ? route(call) : route;
    if (!answer)
      return new Response(JSON.stringify({ message: `no route ${call.method} ${url}` }), { status: 404 });
    if (answer === "never") return abortable(init.signal);
    if (answer instanceof Error) throw answer;
    const { status = 200, body } = answer;
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  };
  return { fetch, calls };
}

export interface Options {
  routes?: Routes;
  environment?: Partial<Environment>;
  /** Inside a page of another origin, which has said `init`. */
  framed?: boolean;
  popup?: Popup | null;
}

export function renderHub({ routes = {}, environment = {}, framed = false, popup = null }: Options = {}) {
  const { fetch, calls } = fakeFetch({ ...baseRoutes(), ...routes });
  const sent: { message: unknown; origin: string }[] = [];
  const frame = Object.assign(new EventTarget(), {
    parent: { postMessage: (message: unknown, origin: string) => sent.push({ message, origin }) },
  });
  const opened: string[] = [];
  const world = {
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
  const place: Environment = {
    page: "hub",
    token: "token_1",
    framed,
    hostOrigin: framed ? HOST : null,
    theme: null,
    opened: false,
    ...environment,
  };
  const host = createHost(frame as never, place.hostOrigin);
  const api = place.token === null ? null : createHubApi({ token: place.token, fetch });
  const view = render(<App environment={place} api={api} host={host} window={world} />);
  return {
    ...view,
    calls,
    opened,
    /** What reached the host page: types in order. */
    said: () =>
      sent.map(({ message }) => (message as { type: string }).type).filter((type) => type !== "resize"),
    sent,
    /** A message that arrives in the frame, by default from its host. */
    hear(data: unknown, from: { source?: unknown; origin?: string } = {}): void {
      const event = new Event("message");
      Object.assign(event, { data, source: from.source ?? frame.parent, origin: from.origin ?? HOST });
      frame.dispatchEvent(event);
    },
    of: (method: string, path: string) =>
      calls.filter((call) => call.method === method && call.path === path),
  };
}
