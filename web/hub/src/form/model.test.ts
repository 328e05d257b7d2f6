import { describe, expect, it } from "vitest";
import type { StoredAccount } from "../api/types.ts";
import { config, field } from "../testing/fixtures.ts";
import { fieldOfPath, initialValues, isStored, payloadOf, problemsOf, visibleFields } from "./model.ts";
import { isSecret, placeholderText } from "./secrets.ts";

const KEPT = "__secretvalue:**redacted**9x2f";

const account: StoredAccount = {
  secureId: "acc_1",
  provider: "papertrail",
  integrationId: "profile_1",
  setupInformation: { clientId: "abc", region: "eu", count: 3 },
  secrets: { clientSecret: KEPT },
};

describe("initial values", () => {
  it("are the connector's defaults for a new account", () => {
    const values = initialValues(config(), null);
    expect(values).toEqual({ clientId: "", clientSecret: "", region: "us", email: "" });
  });

  it("are the account's own when it is edited", () => {
    const values = initialValues(config(), account);
    expect(values).toEqual({ clientId: "abc", clientSecret: KEPT, region: "eu", email: "" });
  });

  it("take the session's trigger token", () => {
    const form = config({ configFields: [field("external-trigger-token", "Token", { readOnly: true })] });
    expect(initialValues(form, null, "trigger_1")).toEqual({ "external-trigger-token": "trigger_1" });
  });
});

describe("the payload", () => {
  const fields = config().configFields;

  it("leaves out what is empty and cuts blanks around pasted values", () => {
    const values = { clientId: " abc \n", clientSecret: "s3cret", region: "us", email: "" };
    expect(payloadOf(fields, values)).toEqual({ clientId: "abc", clientSecret: "s3cret", region: "us" });
  });

  it("never sends a stored secret's placeholder, and does send a new one", () => {
    const values = initialValues(config(), account);
    expect(payloadOf(fields, values)).toEqual({ clientId: "abc", region: "eu" });
    expect(payloadOf(fields, { ...values, clientSecret: "new" })).toMatchObject({ clientSecret: "new" });
  });

  it("sends what is not displayed, but nothing whose condition is not met", () => {
    const odd = [
      field("hidden", "Hidden", { display: false, value: "1" }),
      field("only", "Only in the EU", { condition: { field: "region", equals: "eu" } }),
    ];
    expect(payloadOf(odd, { hidden: "1", only: "x", region: "us" })).toEqual({ hidden: "1" });
    expect(payloadOf(odd, { hidden: "1", only: "x", region: "eu" })).toEqual({ hidden: "1", only: "x" });
    expect(visibleFields(odd, { region: "us" })).toEqual([]);
    expect(problemsOf(odd, { hidden: "", only: "", region: "us" })).toEqual({});
  });

  it("keeps the lines and blanks of a key", () => {
    expect(payloadOf([field("pem", "Key", { type: "text_area" })], { pem: " a\nb\n" })).toEqual({
      pem: " a\nb\n",
    });
  });
});

describe("secrets", () => {
  it("are shown as ten dots and what the server lets one see", () => {
    expect(placeholderText(KEPT)).toBe("••••••••••9x2f");
    expect(placeholderText("__secretvalue:**redacted**")).toBe("••••••••••");
    expect(placeholderText("plain")).toBeNull();
  });

  it("are the default: a field must say that it is none, and a password cannot", () => {
    const { secret: _, ...silent } = field("a", "A");
    expect(isSecret(silent)).toBe(true);
    expect(isSecret(field("a", "A", { secret: false }))).toBe(false);
    expect(isSecret(field("a", "A", { secret: false, type: "password" }))).toBe(true);
  });

  it("count as stored only where the server holds one", () => {
    const secret = field("clientSecret", "Secret", { secret: true });
    expect(isStored(secret, { clientSecret: KEPT })).toBe(true);
    expect(isStored(secret, { clientSecret: "" })).toBe(false);
  });
});

it("finds the field that the server's problem names", () => {
  const { configFields } = config();
  expect(fieldOfPath("credentials.email", configFields)).toBe("email");
  expect(fieldOfPath("body.credentials.email", configFields)).toBe("email");
  expect(fieldOfPath("integration_id", configFields)).toBeNull();
});
