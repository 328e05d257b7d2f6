/**
 * The operator's backend: the few API calls that the tests make with a key, and the Hub's own reads.
 *
 * Plain `fetch`, so that nothing of the browser stands between a test and what the server says.
 */
import { expect } from "@playwright/test";
import type { Server } from "./server.ts";

/** A linked account, as far as the tests look at it. */
export interface Account {
  readonly id: string;
  readonly provider: string;
  readonly status: string;
  readonly origin_owner_id: string;
  readonly origin_owner_name: string;
}

/** What a connect session is made from; the owner is a name, from which its id follows. */
export interface SessionRequest {
  readonly owner: string;
  readonly accountId?: string;
  readonly expiresIn?: number;
}

/** The result of an action call. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: provider answers have the provider's shape
  readonly body: any;
}

/** A client of one server with one key. */
export class Api {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** The id of a test's owner. */
  static ownerId(owner: string): string {
    return owner.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  }

  /** Makes a connect session for SpotDraft and returns its token. */
  async session(request: SessionRequest): Promise<string> {
    const answer = await this.call("POST", "/connect_sessions", {
      origin_owner_id: Api.ownerId(request.owner),
      origin_owner_name: request.owner,
      provider: "spotdraft",
      ...(request.accountId === undefined ? {} : { account_id: request.accountId }),
      ...(request.expiresIn === undefined ? {} : { expires_in: request.expiresIn }),
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body.token;
  }

  /** The accounts of one owner. */
  async accounts(owner: string): Promise<Account[]> {
    const answer = await this.call("GET", `/accounts?origin_owner_id=${Api.ownerId(owner)}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  }

  /** Runs an action with an account. */
  async run(accountId: string, action: string): Promise<Answer> {
    return this.call("POST", "/actions/rpc", { action }, { "x-account-id": accountId });
  }

  /** Links an account without a browser, for tests whose subject is what comes after. */
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

  /** A Hub call with a session's token and no key. */
  async hub(token: string, path: string): Promise<Answer> {
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
  ): Promise<Answer> {
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }
}
