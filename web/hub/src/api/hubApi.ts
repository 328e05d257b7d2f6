/**
 * The Hub API, as the page uses it: one function a call, the session's token on each, every failure an
 * `ApiFailure`. What older servers leave out is filled in here, so that no screen asks twice.
 */

import { failureOf, isAbort, networkFailure } from "@patchbay/web-shared/failure.ts";
import { readAttemptResult } from "./attemptEvents.ts";
import type {
  Attempt,
  Catalog,
  Config,
  Integration,
  LinkedAccount,
  Settings,
  StoredAccount,
} from "./types.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type Credentials = Record<string, string>;

interface Options {
  token: string;
  fetch: Fetch;
  /** Default: the page's own origin. */
  baseUrl?: string;
}

interface CatalogAnswer {
  integrations?: Integration[];
  external_trigger_token?: string | null;
}

interface ConfigAnswer {
  config: Partial<Config> & { assets?: { icon?: string | null } };
}

export type HubApi = ReturnType<typeof createHubApi>;

export function createHubApi({ token, fetch, baseUrl = "" }: Options) {
  async function call<Answer>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: { "content-type": "application/json", "x-hub-session-token": token },
        credentials: "omit",
        cache: "no-store",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      throw isAbort(error) ? error : networkFailure(error);
    }
    if (!response.ok) throw await failureOf(response);
    const text = await response.text();
    // An empty body is an answer too: 204 of a cancelled attempt.
    return (text === "" ? null : JSON.parse(text)) as Answer;
  }

  return {
    settings: (signal?: AbortSignal) => call<Settings>("GET", "/hub/settings", undefined, signal),

    async catalog(provider: string | null, signal?: AbortSignal): Promise<Catalog> {
      const query = provider === null ? "" : `?provider=${encodeURIComponent(provider)}`;
      const answer = await call<CatalogAnswer>("GET", `/hub/connectors${query}`, undefined, signal);
      return {
        integrations: (answer.integrations ?? []).filter((found) => Boolean(found.name)),
        externalTriggerToken: answer.external_trigger_token ?? null,
      };
    },

    async config(integrationId: string, signal?: AbortSignal): Promise<Config> {
      const path = `/hub/connectors/${encodeURIComponent(integrationId)}`;
      const { config } = await call<ConfigAnswer>("GET", path, undefined, signal);
      return {
        key: config.key ?? "",
        name: config.name ?? config.key ?? "",
        type: config.type ?? "custom",
        ...(config.grantType ? { grantType: config.grantType } : {}),
        configFields: config.configFields ?? [],
        configNotices: config.configNotices ?? [],
        icon: config.assets?.icon ?? null,
        support: config.support ?? null,
        sandbox: config.sandbox ?? null,
        guide: config.guide ?? null,
      };
    },

    async account(id: string, signal?: AbortSignal): Promise<StoredAccount> {
      const path = `/hub/accounts/${encodeURIComponent(id)}`;
      const found = await call<StoredAccount>("GET", path, undefined, signal);
      return { ...found, setupInformation: found.setupInformation ?? {}, secrets: found.secrets ?? {} };
    },

    link: (integrationId: string, credentials: Credentials, signal?: AbortSignal) =>
      call<LinkedAccount>("POST", "/hub/accounts", { integration_id: integrationId, credentials }, signal),

    save: (accountId: string, integrationId: string, credentials: Credentials, signal?: AbortSignal) =>
      call<LinkedAccount | null>(
        "PATCH",
        `/hub/accounts/${encodeURIComponent(accountId)}`,
        { integration_id: integrationId, credentials },
        signal,
      ),

    /**
     * Checks what was typed and prepares the sign-in at the provider. The window goes to `url`: neither the values
     * nor the session's token stand in an address.
     */
    prepareSignIn: (integrationId: string, landing: string, credentials: Credentials, signal?: AbortSignal) =>
      call<{ id: string; url: string }>(
        "POST",
        "/hub/connection_attempts",
        { token, integration_id: integrationId, credentials, redirect_uri: landing },
        signal,
      ).then(({ id, url }) => ({ id, url: `${baseUrl}${url}` })),

    attempt: (id: string, signal?: AbortSignal) =>
      call<Attempt>("GET", `/hub/connection_attempts/${encodeURIComponent(id)}`, undefined, signal),

    /**
     * Waits for the end of an attempt by the server's events. Null where there is no telling: the server or
     * something between does not know such streams, or the stream broke off.
     */
    async followAttempt(id: string, signal: AbortSignal): Promise<Attempt | null> {
      const response = await fetch(`${baseUrl}/hub/connection_attempts/${encodeURIComponent(id)}/events`, {
        method: "GET",
        headers: { accept: "text/event-stream", "x-hub-session-token": token },
        credentials: "omit",
        cache: "no-store",
        signal,
      });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!response.ok || !isStream || !response.body) return null;
      return readAttemptResult(response.body);
    },

    cancelAttempt: (id: string) => call<null>("DELETE", `/hub/connection_attempts/${encodeURIComponent(id)}`),
  };
}
