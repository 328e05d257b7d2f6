/**
 * An API client for the tests: calls with an API key, and read calls of the Hub API. It uses plain `fetch`, independent
 * of the browser.
 */
import { expect } from "@playwright/test";
import type { Server } from "./server.ts";

/** The members of a linked account that the tests use. */
export interface Account {
  readonly id: string;
  readonly provider: string;
  readonly status: string;
  readonly origin_owner_id: string;
  readonly origin_owner_name: string;
}

/** The options of a connect session; the owner's ID is derived from its name. */
export interface SessionRequest {
  readonly owner: string;
  readonly accountId?: string;
  readonly expiresIn?: number;
}

/** The response to an API call. */
export interface ApiResponse {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: provider responses have the provider's shape
  readonly body: any;
}

/** A client of one server with its API key. */
export class Api {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** Returns the ID of an owner. */
  static ownerId(owner: string): string {
    return owner.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  }

  /** Creates a connect session for SpotDraft and returns its token. */
  async session(request: SessionRequest): Promise<string> {
    const response = await this.call("POST", "/connect_sessions", {
      origin_owner_id: Api.ownerId(request.owner),
      origin_owner_name: request.owner,
      provider: "spotdraft",
      ...(request.accountId === undefined ? {} : { account_id: request.accountId }),
      ...(request.expiresIn === undefined ? {} : { expires_in: request.expiresIn }),
    });
    expect(response.status, JSON.stringify(response.body)).toBe(201);
    return response.body.token;
  }

  /** Returns the accounts of an owner. */
  async accounts(owner: string): Promise<Account[]> {
    const response = await this.call("GET", `/accounts?origin_owner_id=${Api.ownerId(owner)}`);
    expect(response.status, JSON.stringify(response.body)).toBe(200);
    return response.body;
  }

  /** Runs an action with an account. */
  async run(accountId: string, action: string): Promise<ApiResponse> {
    return this.call("POST", "/actions/rpc", { action }, { "x-account-id": accountId });
  }

  /** Returns the number of logs of calls that failed. */
  async countFailures(): Promise<number> {
    const found = await this.call("POST", "/logs", { filters: { success: false } });
    expect(found.status, JSON.stringify(found.body)).toBe(200);
    return found.body.total;
  }

  /** Links an account without a browser and returns its ID. */
  async link(owner: string): Promise<string> {
    const token = await this.session({ owner });
    const hub = { "x-hub-session-token": token };
    const listed = await this.send("GET", "/hub/connectors", undefined, hub);
    expect(listed.status, JSON.stringify(listed.body)).toBe(200);
    const linked = await this.send(
      "POST",
      "/hub/accounts",
      {
        integration_id: listed.body.integrations[0].integration_id,
        credentials: { clientId: "sandbox-client-id", clientSecret: "sandbox-client-secret", region: "us" },
      },
      hub,
    );
    expect(linked.status, JSON.stringify(linked.body)).toBeLessThan(300);
    return linked.body.id;
  }

  /** Calls the Hub API with a session token, without an API key. */
  async hub(token: string, path: string): Promise<ApiResponse> {
    return this.send("GET", path, undefined, { "x-hub-session-token": token });
  }

  private async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const key = Buffer.from(`${this.server.apiKey}:`).toString("base64");
    return this.send(method, path, body, { authorization: `Basic ${key}`, ...headers });
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<ApiResponse> {
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }
}
