import { expect, test } from "vitest";
import type { Account } from "../../api/client.ts";
import { reconnectNotice } from "./reconnectNotice.ts";

const relink: NonNullable<Account["relink"]> = {
  before: "2026-12-12T12:00:00.000Z",
  due_from: "2026-11-28T12:00:00.000Z",
  cause: "refresh_token",
  message: "",
};
const at = (moment: string) => new Date(moment);

test("announces an expiry once it is due, and not before", () => {
  expect(reconnectNotice({ status: "active", relink }, at("2026-11-28T11:59:59Z"))).toBeNull();
  expect(reconnectNotice({ status: "active", relink }, at("2026-11-28T12:00:00Z"))).toBe(
    "Reconnect before Dec 12, 2026",
  );
  expect(reconnectNotice({ status: "active", relink }, at("2026-12-13T00:00:00Z"))).toBe(
    "Access expired on Dec 12, 2026",
  );
});

test("names the certificate if that is what expires", () => {
  const expiring = { ...relink, cause: "client_certificate" as const };
  expect(reconnectNotice({ status: "suspended", relink: expiring }, at("2026-12-01T00:00:00Z"))).toBe(
    "New certificate needed before Dec 12, 2026",
  );
});

test("returns nothing for accounts without an expiry and for those that do not work", () => {
  expect(reconnectNotice({ status: "active", relink: null }, at("2026-12-01T00:00:00Z"))).toBeNull();
  expect(reconnectNotice({ status: "error", relink }, at("2026-12-01T00:00:00Z"))).toBeNull();
});
