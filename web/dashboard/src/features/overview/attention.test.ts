import { expect, test } from "vitest";
import type { Account, Profile } from "../../api/client.ts";
import type { Webhook } from "../../api/webhooks.ts";
import { attentionOf, type Sources } from "./attention.ts";

const NONE: Sources = { broken: [], due: [], profiles: [], webhooks: [] };

const account = (part: Partial<Account>): Account =>
  ({ id: "a", label: null, owner_name: "Acme", connector: "spotdraft", status: "error", ...part }) as Account;
const profile = (part: Partial<Profile>): Profile => ({ id: "p", name: "Default", ...part }) as Profile;
const webhook = (state: string, last_error: string | null = null): Webhook =>
  ({ id: 7, name: null, url: "https://example.com/hook", health: { state, last_error } }) as Webhook;

test("nothing needs a person if everything works", () => {
  expect(attentionOf(NONE)).toEqual([]);
  const working = {
    ...NONE,
    profiles: [profile({ alarm: null })],
    webhooks: [webhook("ok"), webhook("open")],
  };
  expect(attentionOf(working)).toEqual([]);
});

test("a profile that the provider rejects is first", () => {
  const alarm = {
    code: "OAuthClientRejectedError",
    message: "the client is unknown",
    since: "2026-03-01T00:00:00Z",
  };
  const found = attentionOf({
    ...NONE,
    broken: [account({})],
    profiles: [profile({ alarm: alarm as NonNullable<Profile["alarm"]> })],
  });
  expect(found.map(({ key }) => key)).toEqual(["profile p", "account a"]);
  expect(found[0]).toMatchObject({
    why: "the client is unknown",
    at: alarm.since,
    page: { to: "/profiles" },
  });
});

test("an account tells the newest reason, or what its status means", () => {
  const reasons = [{ description: "old" }, { description: "the refresh token was revoked" }];
  const [known, unknown] = attentionOf({
    ...NONE,
    broken: [
      account({ status_reasons: reasons as NonNullable<Account["status_reasons"]> }),
      account({ id: "b", status: "expired", connector_name: "SpotDraft" }),
    ],
  });
  expect(known?.why).toBe("the refresh token was revoked");
  expect(unknown?.what).toBe("Acme · SpotDraft");
  expect(unknown?.why).toBe("The account's credentials have expired. Reconnect the account.");
});

test("an account is listed once, with its deadline if it still works", () => {
  const relink = {
    before: "2026-04-01T00:00:00Z",
    due_from: "2026-03-18T00:00:00Z",
    message: "reconnect it",
  };
  const due = account({ id: "b", status: "active", relink: relink as NonNullable<Account["relink"]> });
  const found = attentionOf({ ...NONE, broken: [account({})], due: [account({}), due] });
  expect(found.map(({ key, at }) => [key, at])).toEqual([
    ["account a", null],
    ["due b", relink.before],
  ]);
});

test("a webhook is listed if it fails or Patchbay disabled it, not if a person disabled it", () => {
  const of = (hook: Webhook) => attentionOf({ ...NONE, webhooks: [hook] });
  expect(of(webhook("disabled"))).toEqual([]);
  expect(of(webhook("disabled", "the receiver answered 410"))[0]?.why).toBe("the receiver answered 410");
  expect(of(webhook("failing"))[0]).toMatchObject({
    what: "Webhook https://example.com/hook",
    page: { to: "/webhooks/$webhookId", params: { webhookId: "7" } },
  });
});
