import { expect, test } from "vitest";
import { relinkNotice } from "./relink.ts";

const relink = {
  before: "2026-12-12T12:00:00.000Z",
  due_from: "2026-11-28T12:00:00.000Z",
  cause: "refresh_token",
  message: "",
};
const at = (moment: string) => new Date(moment);

test("an end is told when it is due, and not before", () => {
  expect(relinkNotice({ status: "active", relink }, at("2026-11-28T11:59:59Z"))).toBeNull();
  expect(relinkNotice({ status: "active", relink }, at("2026-11-28T12:00:00Z"))).toBe(
    "Sign in again before 12 Dec 2026",
  );
  expect(relinkNotice({ status: "active", relink }, at("2026-12-13T00:00:00Z"))).toBe(
    "Its access ended on 12 Dec 2026",
  );
});

test("a certificate is another matter than a sign-in", () => {
  const ending = { ...relink, cause: "client_certificate" };
  expect(relinkNotice({ status: "suspended", relink: ending }, at("2026-12-01T00:00:00Z"))).toBe(
    "New certificate needed before 12 Dec 2026",
  );
});

test("nothing is said of accounts without an end, and of those that do not work", () => {
  expect(relinkNotice({ status: "active", relink: null }, at("2026-12-01T00:00:00Z"))).toBeNull();
  expect(relinkNotice({ status: "error", relink }, at("2026-12-01T00:00:00Z"))).toBeNull();
});
