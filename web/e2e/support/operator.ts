/** The operator's API calls: connect sessions and connector profiles. */
import { expect } from "@playwright/test";
import { Api } from "./api.ts";
import type { Server } from "./server.ts";

/** The options of a connect session. */
export interface SessionOptions {
  readonly allowedOrigins?: readonly string[];
  readonly accountId?: string;
  readonly expiresIn?: number;
  /** `null` lets the customer choose. */
  readonly provider?: string | null;
  /** The URL that confirms a browser after the authorization at the provider. */
  readonly confirmUrl?: string;
}

/** A created connect session. */
export interface CreatedSession {
  readonly token: string;
  readonly link: string;
}

/** The members of a connector profile that the tests use. */
interface ConnectorProfile {
  readonly id: string;
  readonly connector_key: string;
}

/** The operator of one server. */
export class Operator {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** Creates a connect session. */
  async session(owner: string, options: SessionOptions = {}): Promise<CreatedSession> {
    const { allowedOrigins = [], accountId, expiresIn, provider = "spotdraft", confirmUrl } = options;
    const session = await this.call("POST", "/connect_sessions", 201, {
      origin_owner_id: Api.ownerId(owner),
      origin_owner_name: owner,
      allowed_origins: allowedOrigins,
      ...(provider === null ? {} : { provider }),
      ...(accountId === undefined ? {} : { account_id: accountId }),
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
      ...(confirmUrl === undefined ? {} : { confirm_url: confirmUrl }),
    });
    return { token: session.token, link: session.auth_link_url };
  }

  /** Runs part of a test with SpotDraft's profile disabled, and enables it again. */
  async whileDisabled(work: () => Promise<void>): Promise<void> {
    const { id } = await this.profile();
    await this.call("PATCH", `/auth_configs/${id}`, 200, { active: false });
    try {
      await work();
    } finally {
      await this.call("PATCH", `/auth_configs/${id}`, 200, { active: true });
    }
  }

  /** Runs part of a test with a second SpotDraft profile. */
  async withSecondProfile(name: string, work: () => Promise<void>): Promise<void> {
    const profile = await this.call("POST", "/auth_configs", 201, {
      connector_key: "spotdraft",
      name,
      active: true,
    });
    try {
      await work();
    } finally {
      await this.call("DELETE", `/auth_configs/${profile.id}`, null);
    }
  }

  private async profile(): Promise<ConnectorProfile> {
    const listed = await this.call("GET", "/auth_configs?page_size=100", 200);
    const found = listed.data.find(({ connector_key }: ConnectorProfile) => connector_key === "spotdraft");
    expect(found, "the sandbox has a SpotDraft profile").toBeDefined();
    return found;
  }

  /** Makes a call with the API key and expects a status (`null` accepts any success). */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of the response
  async call(method: string, path: string, expectedStatus: number | null, body?: unknown): Promise<any> {
    const key = Buffer.from(`${this.server.apiKey}:`).toString("base64");
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { authorization: `Basic ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (expectedStatus === null) expect(response.ok, text).toBe(true);
    else expect(response.status, text).toBe(expectedStatus);
    return text === "" ? null : JSON.parse(text);
  }
}
