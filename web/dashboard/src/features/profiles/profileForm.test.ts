import { expect, test } from "vitest";
import type { Profile } from "../../api/client.ts";
import {
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
