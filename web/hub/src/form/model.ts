/**
 * A form's values, without a screen: what it starts with, which fields are in play, what is wrong, and
 * what is sent. All pure, so that every rule of the form can be tested by itself.
 */

import type { Config, Field, StoredAccount } from "../api/types.ts";
import { isMet } from "./condition.ts";
import { isPlaceholder, isSecret } from "./secrets.ts";
import { problemOf } from "./validate.ts";

export type Values = Record<string, string>;

/** The one read-only field whose value comes with the session. */
const TRIGGER_TOKEN = "external-trigger-token";

const asText = (value: unknown): string | null =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;

/** What each field holds when the form opens: the account's value, else the connector's default. */
export function initialValues(
  config: Config,
  account: StoredAccount | null,
  triggerToken: string | null = null,
): Values {
  const values: Values = {};
  for (const field of config.configFields) {
    const fromServer = field.key === TRIGGER_TOKEN ? triggerToken : null;
    const kept = account?.secrets[field.key] ?? account?.setupInformation[field.key];
    values[field.key] = fromServer ?? asText(kept) ?? asText(field.value) ?? "";
  }
  return values;
}

/** The fields whose condition is met, shown or not. */
export const fieldsInPlay = (fields: readonly Field[], values: Values): Field[] =>
  fields.filter((field) => field.condition == null || isMet(field.condition, values));

/** The fields to show. */
export const visibleFields = (fields: readonly Field[], values: Values): Field[] =>
  fieldsInPlay(fields, values).filter((field) => field.display !== false);

/** Every problem of what is shown, by field. What is not shown cannot be mended by the reader. */
export function problemsOf(fields: readonly Field[], values: Values): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const field of visibleFields(fields, values)) {
    const problem = problemOf(field, values[field.key] ?? "");
    if (problem !== null) problems[field.key] = problem;
  }
  return problems;
}

/**
 * What is sent: every field in play that holds something. A secret's placeholder is left out, which
 * tells the server to keep what it has; blanks around a pasted one-line value are cut, since they
 * are never part of it.
 */
export function payloadOf(fields: readonly Field[], values: Values): Values {
  const payload: Values = {};
  for (const field of fieldsInPlay(fields, values)) {
    const value = values[field.key] ?? "";
    if (isPlaceholder(value)) continue;
    const tidy = field.type === "text_area" ? value : value.trim();
    if (tidy !== "") payload[field.key] = tidy;
  }
  return payload;
}

/** Whether a stored secret stands behind the field, so that it can be kept or replaced. */
export const isStored = (field: Field, initial: Values): boolean =>
  isSecret(field) && isPlaceholder(initial[field.key] ?? "");

/** The server names a field as `credentials.KEY`; what belongs to no shown field is left for the summary. */
export function fieldOfPath(path: string, fields: readonly Field[]): string | null {
  const key = path.replace(/^(?:body\.)?credentials\./, "");
  return fields.some((field) => field.key === key) ? key : null;
}
