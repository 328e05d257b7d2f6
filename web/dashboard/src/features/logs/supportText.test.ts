import { expect, test } from "vitest";
import { bareAddress, supportText } from "./supportText.ts";
import { attemptWith, logWith, stepWith } from "./testing.ts";

const SECRET = "hunter2-secret";

test("the text has what happened, and nothing from a part that may hold a secret or a person", () => {
  const log = logWith({
    success: false,
    status_code: 502,
    error_code: "ProviderError",
    message: "the provider answered 503",
    request: { headers: { authorization: SECRET }, body: SECRET },
    response: { body: SECRET },
    user_agent: SECRET,
    ip_address: SECRET,
    session_id: SECRET,
    auth_id: SECRET,
    source_id: SECRET,
    source_value: SECRET,
    origin_owner_name: SECRET,
    origin_owner_id: SECRET,
    url: `https://api.example.com/contracts?token=${SECRET}`,
  });
  const attempt = attemptWith({
    status_code: 503,
    url: `https://user:${SECRET}@api.example.com/contracts?token=${SECRET}#${SECRET}`,
  });
  const newer = { ...log, some_new_member: SECRET };
  const text = supportText(
    newer,
    [stepWith({ attempts: [attempt], success: false, status_code: 503 })],
    false,
  );
  expect(text).not.toContain(SECRET);
  expect(text.split("\n")).toEqual([
    "Log: 018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f",
    "Request: req-1",
    "Time: 2026-01-15T10:30:00.000Z",
    "Connector: spotdraft 1.0.0",
    "Action: spotdraft_list_contracts",
    "Account: V1StGXR8z5jdHi6BmyT1x",
    "Source: api",
    "Status: 502",
    "Error: ProviderError",
    "Message: the provider answered 503",
    "Duration: 200 ms",
    "1. list (request) → 503 (at 0 ms, took 160 ms)",
    "  GET https://api.example.com/contracts → 503 (at 50 ms, took 100 ms)",
  ]);
});

test("a raw request has its requests, and the number of steps that were left out", () => {
  const raw = logWith({ log_type: "unified", action_id: null, provider_requests: [attemptWith()] });
  expect(supportText(raw, [], true)).toContain("\n  GET https://api.example.com/contracts → 200");
  expect(supportText(logWith({ steps_left_out: 3 }), [], false)).toContain("3 further steps were not kept");
});

test.each([
  ["https://a.example/x?y=z", "https://a.example/x"],
  ["https://u:p@a.example/x@y", "https://a.example/x@y"],
  ["GET https://u@a.example/", "GET https://a.example/"],
  ["/x#y", "/x"],
])("%s is shortened to %s", (address, expected) => {
  expect(bareAddress(address)).toBe(expected);
});
