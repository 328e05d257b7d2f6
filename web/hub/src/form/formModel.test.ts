import { describe, expect, it } from "vitest";
import type { StoredAccount } from "../api/types.ts";
import { connector, field } from "../testing/fixtures.ts";
import {
  changedAddressField,
  credentialsToSend,
  fieldKeyFromPath,
  hasStoredSecret,
  initialValues,
  validateFields,
  visibleFields,
  withoutStoredSecrets,
} from "./formModel.ts";
import { isSecret, placeholderText } from "./secrets.ts";

const STORED = "__secretvalue:**redacted**9x2f";

const account: StoredAccount = {
  secureId: "acc_1",
  provider: "papertrail",
  integrationId: "profile_1",
  setupInformation: { clientId: "abc", region: "eu", count: 3 },
  secrets: { clientSecret: STORED },
  version: "1.0.0",
  authConfigKey: "custom",
  environment: "production",
};

describe("initialValues", () => {
  it("returns the connector's defaults for a new account", () => {
    const values = initialValues(connector(), null);
    expect(values).toEqual({ clientId: "", clientSecret: "", region: "us", email: "" });
  });

  it("returns the account's values when it is edited", () => {
    const values = initialValues(connector(), account);
    expect(values).toEqual({ clientId: "abc", clientSecret: STORED, region: "eu", email: "" });
  });

  it("includes the session's trigger token", () => {
    const form = connector({ configFields: [field("external-trigger-token", "Token", { readOnly: true })] });
    expect(initialValues(form, null, "trigger_1")).toEqual({ "external-trigger-token": "trigger_1" });
  });
});

describe("credentialsToSend", () => {
  const fields = connector().configFields;

  it("omits empty values and trims pasted ones", () => {
    const values = { clientId: " abc \n", clientSecret: "s3cret", region: "us", email: "" };
    expect(credentialsToSend(fields, values)).toEqual({
      clientId: "abc",
      clientSecret: "s3cret",
      region: "us",
    });
  });

  it("keeps the spaces around a password", () => {
    const fields = [
      field("password", "Password", { type: "password" }),
      field("keyPassphrase", "Passphrase", { type: "password" }),
      field("apiKey", "Key", { type: "password" }),
    ];
    const values = { password: " a b ", keyPassphrase: "x ", apiKey: "\tk\r\n" };
    expect(credentialsToSend(fields, values)).toEqual({
      password: " a b ",
      keyPassphrase: "x ",
      apiKey: "k",
    });
  });

  it("omits the placeholder of a stored secret and sends a new secret", () => {
    const values = initialValues(connector(), account);
    expect(credentialsToSend(fields, values)).toEqual({ clientId: "abc", region: "eu" });
    expect(credentialsToSend(fields, { ...values, clientSecret: "new" })).toMatchObject({
      clientSecret: "new",
    });
  });

  it("sends hidden fields, but omits fields whose condition is not met", () => {
    const conditional = [
      field("hidden", "Hidden", { display: false, value: "1" }),
      field("only", "Only in the EU", { condition: { field: "region", equals: "eu" } }),
    ];
    expect(credentialsToSend(conditional, { hidden: "1", only: "x", region: "us" })).toEqual({ hidden: "1" });
    expect(credentialsToSend(conditional, { hidden: "1", only: "x", region: "eu" })).toEqual({
      hidden: "1",
      only: "x",
    });
    expect(visibleFields(conditional, { region: "us" })).toEqual([]);
    expect(validateFields(conditional, { hidden: "", only: "", region: "us" })).toEqual({});
  });

  it("keeps the line breaks within a text area", () => {
    expect(credentialsToSend([field("pem", "Key", { type: "text_area" })], { pem: " a\n b\n" })).toEqual({
      pem: "a\n b",
    });
  });

  it("sends nothing for a value of invisible characters", () => {
    expect(credentialsToSend([field("key", "Key")], { key: "\u200b\ufeff " })).toEqual({});
  });
});

describe("changedAddressField", () => {
  const site = field("site", "Site", { shapesAddress: true });
  const region = field("region", "Region");
  const secret = field("key", "Key", { type: "password", secret: true });
  const initial = { site: "acme.example.com", region: "eu", key: STORED };
  const changed = (values: Record<string, string>, fields = [site, region, secret]) =>
    changedAddressField(fields, { ...initial, ...values }, initial)?.key ?? null;

  it("is the field that decides where stored secrets go", () => {
    expect(changed({ site: "other.example.com" })).toBe("site");
    expect(changed({})).toBeNull();
    expect(changed({ region: "us" })).toBeNull();
    expect(changed({ site: " ACME.example.com. " })).toBeNull();
    expect(changed({ site: "\u200bacme.example.com\u2060" })).toBeNull();
    expect(changed({ site: "" })).toBeNull();
    expect(changed({ site: " \ufeff" })).toBeNull();
  });

  it("is none if no other secret is stored", () => {
    expect(changedAddressField([site, secret], { site: "b", key: "" }, { site: "a", key: "" })).toBeNull();
    expect(changed({ site: "other.example.com" }, [site, region])).toBeNull();
  });

  it("may be a secret itself", () => {
    const hook = field("hook", "Hook", { secret: true, shapesAddress: true });
    const before = { hook: STORED, key: STORED };
    expect(changedAddressField([hook, secret], before, before)).toBeNull();
    expect(changedAddressField([hook, secret], { ...before, hook: "https://b.example" }, before)?.key).toBe(
      "hook",
    );
  });

  it("empties the stored secrets only", () => {
    expect(withoutStoredSecrets({ site: "b", key: STORED, other: "typed" })).toEqual({
      site: "b",
      key: "",
      other: "typed",
    });
  });
});

describe("secrets", () => {
  it("are shown as ten dots and the characters that the server reveals", () => {
    expect(placeholderText(STORED)).toBe("••••••••••9x2f");
    expect(placeholderText("__secretvalue:**redacted**")).toBe("••••••••••");
    expect(placeholderText("plain")).toBeNull();
  });

  it("are the default: a field must set `secret: false`, and a password is always secret", () => {
    const { secret: _, ...unmarked } = field("a", "A");
    expect(isSecret(unmarked)).toBe(true);
    expect(isSecret(field("a", "A", { secret: false }))).toBe(false);
    expect(isSecret(field("a", "A", { secret: false, type: "password" }))).toBe(true);
  });

  it("are stored only if the server has one", () => {
    const secret = field("clientSecret", "Secret", { secret: true });
    expect(hasStoredSecret(secret, { clientSecret: STORED })).toBe(true);
    expect(hasStoredSecret(secret, { clientSecret: "" })).toBe(false);
  });
});

it("fieldKeyFromPath finds the field of a server problem", () => {
  const { configFields } = connector();
  expect(fieldKeyFromPath("credentials.email", configFields)).toBe("email");
  expect(fieldKeyFromPath("body.credentials.email", configFields)).toBe("email");
  expect(fieldKeyFromPath("integration_id", configFields)).toBeNull();
});
