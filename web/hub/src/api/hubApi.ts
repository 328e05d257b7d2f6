/**
 * The client of the Hub API: one function per operation, with the session's token. Every failure is an `ApiFailure`. Members
 * that an older server does not send get defaults here, so that screens need none.
 */

import { failureOf, isAbort, networkFailure } from "@patchbay/web-shared/failure.ts";
import { readAttemptResult } from "./attemptEvents.ts";
import type {
  Attempt,
  Catalog,
  CatalogResponse,
  Connector,
  ConnectorResponse,
  LinkedAccount,
  Settings,
  StartedAttempt,
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

export type HubApi = ReturnType<typeof createHubApi>;

export function createHubApi({ token, fetch, baseUrl = "" }: Options) {
  async function call<Body>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Body> {
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
    // A canceled attempt returns 204 without a body.
    return (text === "" ? null : JSON.parse(text)) as Body;
  }

  return {
    settings: (signal?: AbortSignal) => call<Settings>("GET", "/hub/settings", undefined, signal),

    async catalog(provider: string | null, signal?: AbortSignal): Promise<Catalog> {
      const query = provider === null ? "" : `?provider=${encodeURIComponent(provider)}`;
      const response = await call<Partial<CatalogResponse>>(
        "GET",
        `/hub/connectors${query}`,
        undefined,
        signal,
      );
      return {
        profiles: (response.integrations ?? []).filter((found) => Boolean(found.name)),
        externalTriggerToken: response.external_trigger_token ?? null,
      };
    },

    async connector(profileId: string, signal?: AbortSignal): Promise<Connector> {
      const path = `/hub/connectors/${encodeURIComponent(profileId)}`;
      const { config } = await call<{ config: Partial<ConnectorResponse["config"]> }>(
        "GET",
        path,
        undefined,
        signal,
      );
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

    link: (profileId: string, credentials: Credentials, signal?: AbortSignal) =>
      call<LinkedAccount>("POST", "/hub/accounts", { integration_id: profileId, credentials }, signal),

    save: (accountId: string, profileId: string, credentials: Credentials, signal?: AbortSignal) =>
      call<LinkedAccount | null>(
        "PATCH",
        `/hub/accounts/${encodeURIComponent(accountId)}`,
        { integration_id: profileId, credentials },
        signal,
      ),

    /**
     * Checks the values and prepares the authorization at the provider. The window opens `url`, which contains neither the
     * values nor the session's token.
     */
    prepareAuthorization: (
      profileId: string,
      callbackUrl: string,
      credentials: Credentials,
      signal?: AbortSignal,
    ) =>
      call<StartedAttempt>(
        "POST",
        "/hub/connection_attempts",
        { integration_id: profileId, credentials, redirect_uri: callbackUrl },
        signal,
      ).then(({ id, url }) => ({ id, url: `${baseUrl}${url ?? ""}` })),

    attempt: (id: string, signal?: AbortSignal) =>
      call<Attempt>("GET", `/hub/connection_attempts/${encodeURIComponent(id)}`, undefined, signal),

    /**
     * Waits for the end of an attempt with the server's event stream. Returns null if the stream is not supported or
     * breaks.
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
