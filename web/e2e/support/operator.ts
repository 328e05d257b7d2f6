/** What the operator's backend and dashboard do around our own Hub: sessions for pages, profiles on and off. */
import { expect } from "@playwright/test";
import { Api } from "./api.ts";
import type { Server } from "./server.ts";

/** What a session is made from, beyond its owner. */
export interface SessionOptions {
  readonly allowedOrigins?: readonly string[];
  readonly accountId?: string;
  readonly expiresIn?: number;
  /** `null` leaves the choice to the customer. */
  readonly provider?: string | null;
  /** Where a browser that has signed in at a provider goes to be confirmed. */
  readonly confirmUrl?: string;
}

/** A session as its maker gets it. */
export interface Session {
  readonly token: string;
  readonly link: string;
}

/** A connector profile, as far as the tests look at it. */
interface Profile {
  readonly id: string;
  readonly connector_key: string;
}

/** One server's operator. */
export class Operator {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** Makes a connect session. */
  async session(owner: string, options: SessionOptions = {}): Promise<Session> {
    const { allowedOrigins = [], accountId, expiresIn, provider = "spotdraft", confirmUrl } = options;
    const made = await this.call("POST", "/connect_sessions", 201, {
      origin_owner_id: Api.ownerId(owner),
      origin_owner_name: owner,
      allowed_origins: allowedOrigins,
      ...(provider === null ? {} : { provider }),
      ...(accountId === undefined ? {} : { account_id: accountId }),
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
      ...(confirmUrl === undefined ? {} : { confirm_url: confirmUrl }),
    });
    return { token: made.token, link: made.auth_link_url };
  }

  /** Runs a piece of a test with SpotDraft's profile switched off after `before`, and switches it on again. */
  async whileDisabled(work: () => Promise<void>): Promise<void> {
    const { id } = await this.profile();
    await this.call("PATCH", `/auth_configs/${id}`, 200, { active: false });
    try {
      await work();
    } finally {
      await this.call("PATCH", `/auth_configs/${id}`, 200, { active: true });
    }
  }

  /** Runs a piece of a test with another profile of SpotDraft beside the first. */
  async withSecondProfile(name: string, work: () => Promise<void>): Promise<void> {
    const made = await this.call("POST", "/auth_configs", 201, {
      connector_key: "spotdraft",
      name,
      active: true,
    });
    try {
      await work();
    } finally {
      await this.call("DELETE", `/auth_configs/${made.id}`, null);
    }
  }

  private async profile(): Promise<Profile> {
    const listed = await this.call("GET", "/auth_configs?page_size=100", 200);
    const found = listed.data.find(({ connector_key }: Profile) => connector_key === "spotdraft");
    expect(found, "the sandbox has a profile of SpotDraft").toBeDefined();
    return found;
  }

  /** A call with the key; fails unless it is answered with the wanted status (`null` takes any success). */
  // biome-ignore lint/suspicious/noExplicitAny: answers have the shape that the test wants
  async call(method: string, path: string, wanted: number | null, body?: unknown): Promise<any> {
    const key = Buffer.from(`${this.server.apiKey}:`).toString("base64");
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { authorization: `Basic ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (wanted === null) expect(response.ok, text).toBe(true);
    else expect(response.status, text).toBe(wanted);
    return text === "" ? null : JSON.parse(text);
  }
}
