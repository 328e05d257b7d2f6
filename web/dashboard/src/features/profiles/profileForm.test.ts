import { expect, test } from "vitest";
import type { Profile } from "../../api/client.ts";
import { emptyProfileForm, formOf, newProfile, profileChange } from "./profileForm.ts";

const profile = {
  id: "p",
  name: "SpotDraft",
  connector_key: "spotdraft",
  authentication_config_key: "custom",
  environment: "production",
  active: true,
  default: true,
  enabled_actions: ["spotdraft_list_contracts"],
  setup_information: { region: "eu" },
} as unknown as Profile;

test("a new profile names what was chosen alone", () => {
  expect(newProfile(emptyProfileForm(null))).toBeNull();
  expect(newProfile(emptyProfileForm("spotdraft"))).toEqual({ connector_key: "spotdraft" });
  expect(
    newProfile({
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

test("a pin is sent when it changes, and null takes it away", () => {
  const pinned = { ...profile, connector_pinned_version: "1.x.x" } as Profile;
  expect(newProfile({ ...emptyProfileForm("spotdraft"), pin: "1.2.0" })).toEqual({
    connector_key: "spotdraft",
    connector_pinned_version: "1.2.0",
  });
  expect(profileChange(formOf(pinned), pinned)).not.toHaveProperty("connector_pinned_version");
  expect(profileChange({ ...formOf(pinned), pin: null }, pinned)).toHaveProperty(
    "connector_pinned_version",
    null,
  );
});

test("a change keeps secrets that were not typed, and never takes the default away", () => {
  const form = formOf(profile);
  expect(form.setup).toEqual({ region: "eu" });
  expect(profileChange({ ...form, isDefault: false, actions: null }, profile)).toEqual({
    name: "SpotDraft",
    environment: "production",
    setup_information: { region: "eu" },
    enabled_actions: null,
  });
});
