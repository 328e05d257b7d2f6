import { expect, test } from "vitest";
import type { Account } from "../../api/client.ts";
import { credentialHealth } from "./credentialHealth.ts";

const now = new Date("2026-03-01T12:00:00Z");
const TOKEN: NonNullable<Account["token"]> = {
  issued_at: "2026-03-01T11:00:00Z",
  expires_at: "2026-03-01T13:00:00Z",
  renews_at: "2026-03-01T12:50:00Z",
  refresh_expires_at: null,
  scopes: [],
  connector_profile_id: "p",
  profile_changed_at: "2026-01-01T00:00:00Z",
  client_id: null,
  is_of_earlier_app: false,
};
const FINE = {
  status: "active",
  relink: null,
  token: TOKEN,
  profile_alarm: null,
  missing_scopes: [],
} satisfies Partial<Account> as unknown as Account;

const labelOf = (change: Partial<Account>) => credentialHealth({ ...FINE, ...change } as Account, now).label;

test("what the provider said counts more than what it will say", () => {
  const soon = {
    before: "2026-03-05T00:00:00Z",
    due_from: "2026-02-20T00:00:00Z",
    cause: "refresh_token",
    message: "reconnect",
  } as Account["relink"];
  const alarm = { since: "2026-02-01T00:00:00Z", message: "bad client" } as Account["profile_alarm"];
  expect(labelOf({})).toBe("No known problem");
  expect(labelOf({ missing_scopes: ["read"] })).toBe("Scopes missing");
  expect(labelOf({ missing_scopes: ["read"], relink: soon })).toBe("Expire soon");
  expect(labelOf({ relink: soon, profile_alarm: alarm })).toBe("OAuth app rejected");
  expect(labelOf({ relink: soon, profile_alarm: alarm, status: "error" })).toBe("Rejected");
  expect(labelOf({ status: "expired" })).toBe("Expired");
  expect(labelOf({ status: "archived", profile_alarm: alarm })).toBe("Not used");
});

test("an expired token is only a problem if nothing refreshes it", () => {
  const expires_at = "2026-03-01T11:59:00Z";
  expect(labelOf({ token: { ...TOKEN, expires_at } })).toBe("No known problem");
  expect(labelOf({ token: { ...TOKEN, expires_at, renews_at: null } })).toBe("Expired");
});

test("credentials without a token, and those of a suspended account, have no known problem", () => {
  expect(labelOf({ token: null })).toBe("No known problem");
  expect(labelOf({ status: "suspended" })).toBe("No known problem");
});

test("the meaning says until when", () => {
  const relink = {
    before: "2026-03-05T00:00:00Z",
    due_from: "2026-02-20T00:00:00Z",
    cause: "refresh_token",
    message: "reconnect",
  } as Account["relink"];
  expect(credentialHealth({ ...FINE, relink }, now).meaning).toMatch(/^Reconnect before Mar \d, 2026\.$/);
});
