/**
 * The rules of the form as pure functions: initial values, active fields, problems, and the credentials to send.
 */

import { isSameAddress } from "@patchbay/web-shared/address.ts";
import { pastedValue } from "@patchbay/web-shared/pastedValue.ts";
import type { Connector, Field, StoredAccount } from "../api/types.ts";
import { isMet } from "./condition.ts";
import { isPlaceholder, isSecret } from "./secrets.ts";
import { validateField } from "./validate.ts";

/** The values of the form by field key. */
export type FormValues = Record<string, string>;

/** The key of the read-only field whose value comes with the session. */
const TRIGGER_TOKEN_KEY = "external-trigger-token";

const asText = (value: unknown): string | null =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;

/** Returns each field's initial value: the account's value, otherwise the connector's default. */
export function initialValues(
  connector: Connector,
  account: StoredAccount | null,
  triggerToken: string | null = null,
): FormValues {
  const values: FormValues = {};
  for (const field of connector.configFields) {
    const fromServer = field.key === TRIGGER_TOKEN_KEY ? triggerToken : null;
    const stored = account?.secrets[field.key] ?? account?.setupInformation[field.key];
    values[field.key] = fromServer ?? asText(stored) ?? asText(field.value) ?? "";
  }
  return values;
}

/** Returns the fields whose condition is met, shown or not. */
export const activeFields = (fields: readonly Field[], values: FormValues): Field[] =>
  fields.filter((field) => field.condition == null || isMet(field.condition, values));

/** Returns the fields to show. */
export const visibleFields = (fields: readonly Field[], values: FormValues): Field[] =>
  activeFields(fields, values).filter((field) => field.display !== false);

/** Returns the problems of the shown fields by key. The user cannot correct hidden fields. */
export function validateFields(fields: readonly Field[], values: FormValues): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const field of visibleFields(fields, values)) {
    const problem = validateField(field, values[field.key] ?? "");
    if (problem !== null) problems[field.key] = problem;
  }
  return problems;
}

/**
 * Returns the values to send: every active field that is not empty. A secret's placeholder is omitted, so that the
 * server keeps the stored secret. What people paste around a value is removed, except around passwords.
 */
export function credentialsToSend(fields: readonly Field[], values: FormValues): FormValues {
  const payload: FormValues = {};
  for (const field of activeFields(fields, values)) {
    const value = values[field.key] ?? "";
    if (isPlaceholder(value)) continue;
    const sent = pastedValue(field.key, value);
    if (sent !== "") payload[field.key] = sent;
  }
  return payload;
}

/**
 * Returns the field whose change moves the stored secrets to another address, so that they must be entered again; null if
 * there is none. A choice from the connector's options never does.
 */
export function changedAddressField(
  fields: readonly Field[],
  values: FormValues,
  initial: FormValues,
): Field | null {
  const changed = activeFields(fields, values).find((field) => {
    if (field.shapesAddress !== true) return false;
    const value = values[field.key] ?? "";
    // A secret that is kept has not changed, and an empty value is not sent.
    if (isPlaceholder(value) || pastedValue(field.key, value) === "") return false;
    return !isSameAddress(value, initial[field.key] ?? "");
  });
  const stored = fields.some((field) => field !== changed && hasStoredSecret(field, initial));
  return changed !== undefined && stored ? changed : null;
}

/** Returns the values without the placeholders of stored secrets, which must be entered again. */
export const withoutStoredSecrets = (values: FormValues): FormValues =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, isPlaceholder(value) ? "" : value]));

/** Returns whether the server stores a secret for the field, which can be kept or replaced. */
export const hasStoredSecret = (field: Field, initial: FormValues): boolean =>
  isSecret(field) && isPlaceholder(initial[field.key] ?? "");

/** Returns the key of the field that the server names as `credentials.KEY`; null for an unknown field. */
export function fieldKeyFromPath(path: string, fields: readonly Field[]): string | null {
  const key = path.replace(/^(?:body\.)?credentials\./, "");
  return fields.some((field) => field.key === key) ? key : null;
}
