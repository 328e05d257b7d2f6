/** The form of a connector profile, and the requests it creates. */

import { isSameAddress } from "@patchbay/web-shared/address.ts";
import { pastedValue } from "@patchbay/web-shared/pastedValue.ts";
import type { Profile } from "../../api/client.ts";
import type { ConnectorField, NewProfile, ProfileChange } from "../../api/connectors.ts";

export interface ProfileForm {
  connector: string | null;
  method: string | null;
  name: string;
  environment: string | null;
  /** The version pin; null follows the latest version. */
  pin: string | null;
  isDefault: boolean;
  /** Values of the setup fields. An empty value is not sent, so that a stored secret stays. */
  setup: Record<string, string>;
  /** The allowed actions; null allows all, including those of future versions. */
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

export const profileToForm = (profile: Profile): ProfileForm => ({
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

/**
 * Returns the field whose change moves the stored secrets of a profile to another address, so that they must be entered
 * again; null if there is none.
 */
export function changedAddressField(
  fields: readonly ConnectorField[],
  form: ProfileForm,
  profile: Profile | null,
): ConnectorField | null {
  if (profile === null) return null;
  const changed = fields.find((field) => {
    const value = form.setup[field.key] ?? "";
    if (field.shapesAddress !== true || pastedValue(field.key, value) === "") return false;
    return field.secret || !isSameAddress(value, String(profile.setup_information[field.key] ?? ""));
  });
  return changed !== undefined && fields.some((field) => field !== changed && field.secret) ? changed : null;
}

const nonEmpty = (setup: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(setup).filter(([key, value]) => pastedValue(key, value) !== ""));

function commonFields(form: ProfileForm): ProfileChange {
  const setup = nonEmpty(form.setup);
  return {
    ...(form.name.trim() === "" ? {} : { name: form.name.trim() }),
    ...(form.environment === null ? {} : { environment: form.environment }),
    ...(Object.keys(setup).length === 0 ? {} : { setup_information: setup }),
  };
}

/** Returns the request that creates a profile; null while no connector is chosen. */
export function createProfileRequest(form: ProfileForm): NewProfile | null {
  if (form.connector === null) return null;
  return {
    connector_key: form.connector,
    ...(form.method === null ? {} : { authentication_config_key: form.method }),
    ...commonFields(form),
    ...(form.pin === null ? {} : { connector_pinned_version: form.pin }),
    ...(form.isDefault ? { default: true } : {}),
    ...(form.actions === null ? {} : { enabled_actions: form.actions }),
  };
}

/** Returns the request that updates a profile. It never removes the default: another profile must take it. */
export const updateProfileRequest = (form: ProfileForm, before: Profile): ProfileChange => ({
  ...commonFields(form),
  ...(form.pin === (before.connector_pinned_version ?? null) ? {} : { connector_pinned_version: form.pin }),
  ...(form.isDefault && !before.default ? { default: true } : {}),
  enabled_actions: form.actions,
});
