/** The form of a connector profile, and what is sent for it. */

import type { Profile } from "../../api/client.ts";
import type { NewProfile, ProfileChange } from "../../api/connectors.ts";

export interface ProfileForm {
  connector: string | null;
  method: string | null;
  name: string;
  environment: string | null;
  /** The version pin; none follows the latest. */
  pin: string | null;
  isDefault: boolean;
  /** Values of the set-up fields; an empty one is not sent, so that a stored secret stays. */
  setup: Record<string, string>;
  /** All actions, also those of later versions; or these. */
  actions: string[] | null;
}

export const emptyProfileForm = (connector: string | null): ProfileForm => ({
  connector,
  method: null,
  name: "",
  environment: null,
  pin: null,
  isDefault: false,
  setup: {},
  actions: null,
});

export const formOf = (profile: Profile): ProfileForm => ({
  connector: profile.connector_key,
  method: profile.authentication_config_key,
  name: profile.name,
  environment: profile.environment,
  pin: profile.connector_pinned_version ?? null,
  isDefault: profile.default,
  setup: Object.fromEntries(
    Object.entries(profile.setup_information).map(([key, value]) => [key, String(value)]),
  ),
  actions: profile.enabled_actions ?? null,
});

const written = (setup: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(setup).filter(([, value]) => value.trim() !== ""));

function common(form: ProfileForm): ProfileChange {
  const setup = written(form.setup);
  return {
    ...(form.name.trim() === "" ? {} : { name: form.name.trim() }),
    ...(form.environment === null ? {} : { environment: form.environment }),
    ...(Object.keys(setup).length === 0 ? {} : { setup_information: setup }),
  };
}

/** What a new profile is made from; null while no connector is chosen. */
export function newProfile(form: ProfileForm): NewProfile | null {
  if (form.connector === null) return null;
  return {
    connector_key: form.connector,
    ...(form.method === null ? {} : { authentication_config_key: form.method }),
    ...common(form),
    ...(form.pin === null ? {} : { connector_pinned_version: form.pin }),
    ...(form.isDefault ? { default: true } : {}),
    ...(form.actions === null ? {} : { enabled_actions: form.actions }),
  };
}

/** What changes of a profile. A profile stops being the default only when another one becomes it. */
export const profileChange = (form: ProfileForm, before: Profile): ProfileChange => ({
  ...common(form),
  ...(form.pin === (before.connector_pinned_version ?? null) ? {} : { connector_pinned_version: form.pin }),
  ...(form.isDefault && !before.default ? { default: true } : {}),
  enabled_actions: form.actions,
});
