import { textField } from "@patchbay/web-shared/testing.ts";
import { expect, test } from "vitest";
import type { Profile } from "../../api/client.ts";
import type { ConnectorField } from "../../api/connectors.ts";
import {
  changedAddressField,
  createProfileRequest,
  emptyProfileForm,
  profileToForm,
  updateProfileRequest,
} from "./profileForm.ts";

const profile: Profile = {
  id: "p",
  name: "SpotDraft",
  connector_key: "spotdraft",
  connector_label: "SpotDraft",
  logo_url: null,
  categories: ["documents"],
  release_stage: "ga",
  connector_version: "1.0.0",
  connector_pinned_version: null,
  connector_owner: "patchbay",
  authentication_config_key: "custom",
  authentication_config_label: "Client Credentials",
  environment: "production",
  active: true,
  default: true,
  enabled_actions: ["spotdraft_list_contracts"],
  setup_information: { region: "eu" },
  alarm: null,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};

const setupField = (key: string, more: Partial<ConnectorField> = {}): ConnectorField => ({
  ...textField(key, key),
  ...more,
});

test("a changed address of a profile with secrets is found at once", () => {
  const host = setupField("host", { shapesAddress: true });
  const secret = setupField("appSecret", { type: "password", secret: true });
  const stored = { ...profile, setup_information: { host: "acme.example.com" } } as Profile;
  const changed = (setup: Record<string, string>, fields = [host, secret]) =>
    changedAddressField(fields, { ...profileToForm(stored), setup }, stored)?.key ?? null;
  expect(changed({ host: "evil.example.com" })).toBe("host");
  expect(changed({ host: "ACME.example.com" })).toBeNull();
  expect(changed({ host: "" })).toBeNull();
  expect(changed({ host: "evil.example.com" }, [host])).toBeNull();
  expect(changed({ host: "evil.example.com" }, [setupField("host"), secret])).toBeNull();
  expect(changedAddressField([host, secret], emptyProfileForm("spotdraft"), null)).toBeNull();
});

test("a create request contains only the chosen values", () => {
  expect(createProfileRequest(emptyProfileForm(null))).toBeNull();
  expect(createProfileRequest(emptyProfileForm("spotdraft"))).toEqual({ connector_key: "spotdraft" });
  expect(
    createProfileRequest({
      ...emptyProfileForm("spotdraft"),
      method: "custom",
      name: " EU ",
      isDefault: true,
      actions: [],
      setup: { appId: "x", appSecret: " " },
    }),
  ).toEqual({
    connector_key: "spotdraft",
    authentication_config_key: "custom",
    name: "EU",
    default: true,
    enabled_actions: [],
    setup_information: { appId: "x" },
  });
});

test("sends a version pin if it changed, and null to remove it", () => {
  const pinned = { ...profile, connector_pinned_version: "1.x.x" } as Profile;
  expect(createProfileRequest({ ...emptyProfileForm("spotdraft"), pin: "1.2.0" })).toEqual({
    connector_key: "spotdraft",
    connector_pinned_version: "1.2.0",
  });
  expect(updateProfileRequest(profileToForm(pinned), pinned)).not.toHaveProperty("connector_pinned_version");
  expect(updateProfileRequest({ ...profileToForm(pinned), pin: null }, pinned)).toHaveProperty(
    "connector_pinned_version",
    null,
  );
});

test("an update keeps untyped secrets and never removes the default", () => {
  const form = profileToForm(profile);
  expect(form.setup).toEqual({ region: "eu" });
  expect(updateProfileRequest({ ...form, isDefault: false, actions: null }, profile)).toEqual({
    name: "SpotDraft",
    environment: "production",
    setup_information: { region: "eu" },
    enabled_actions: null,
  });
});
