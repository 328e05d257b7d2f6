import { expect, test } from "vitest";
import { adviceFor } from "./advice.ts";

const advice = (status: number, code: string | null) =>
  adviceFor({ success: status < 400, status_code: status, error_code: code });

test("a call that succeeded needs no advice", () => {
  expect(advice(200, null)).toBeNull();
});

test.each([
  [412, "AccountRevokedError", "The account's access was revoked", "account"],
  [403, "ActionNotEnabledError", "The connector profile does not allow the action", "profile"],
  [502, "ProviderUnreachableError", "The provider could not be reached", null],
  [504, "TimeoutError", "The provider did not respond in time", null],
  [502, "ProfileCredentialsError", "The connection to the provider is not set up correctly", "profile"],
  [422, "ProviderError", "The provider refused the request", null],
  [429, null, "Too many requests to the provider", null],
  [503, null, "The provider has a problem", null],
  [429, "AccountConcurrencyError", "A limit of this server was reached", null],
  [499, null, "The caller disconnected before the response", null],
  [500, "StorageError", "The call failed", null],
  [409, "SomethingNewError", "The call was refused", null],
  [400, "toString", "The call was refused", null],
])("%i %s: %s", (status, code, title, place) => {
  const found = advice(status, code);
  expect(found).toMatchObject({ title, place });
  expect(found?.nextStep).toMatch(/\.$/);
});
