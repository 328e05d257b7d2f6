/**
 * The form of an action: what its controls hold, what is sent for it, and back again from JSON. Values that
 * were not filled in are not sent.
 */

import { type FormField, GROUPS, type Group, isRecord, keyOf, pathText } from "./fields.ts";
import { meaning } from "./meaning.ts";

/** What `POST /actions/rpc` takes beside the action's name. */
export type RunInputs = Partial<Record<Group, Record<string, unknown>>>;

/** What a control holds: text for most, a list for several of them, forms for rows. Empty is not filled in. */
export type FieldValue = string | string[] | Values[];
export interface Values {
  [key: string]: FieldValue;
}

export const isEmpty = (value: FieldValue | undefined): value is undefined | "" =>
  value === undefined || (Array.isArray(value) ? value.length === 0 : value.trim() === "");

export const rowsOf = (value: FieldValue | undefined): Values[] =>
  Array.isArray(value) ? value.filter((row) => typeof row !== "string") : [];

function put(target: Record<string, unknown>, path: string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const next = target[name];
  const inner = isRecord(next) ? next : {};
  target[name] = inner;
  put(inner, rest, value);
}

interface Building {
  /** Where the rows stand that are being read; empty for the form itself. */
  at: string[];
  /** Whether what means nothing is kept as it was typed. */
  asTyped: boolean;
  problems: Record<string, string>;
}

function build(fields: FormField[], values: Values, into: Building): Record<string, unknown> {
  const built: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[keyOf(field.path)];
    const at = [...into.at, ...field.path];
    if (isEmpty(value)) {
      // A switch that was not touched is false; all else that is required is missing.
      if (field.required && field.kind === "boolean") put(built, field.path, false);
      else if (field.required) into.problems[keyOf(at)] = "This is required.";
    } else if (field.kind === "rows") {
      const rows = rowsOf(value).map((row, index) =>
        build(field.columns, row, { ...into, at: [...at, String(index)] }),
      );
      put(built, field.path, rows);
    } else {
      try {
        put(built, field.path, meaning(field, value as string | string[]));
      } catch (error) {
        into.problems[keyOf(at)] = error instanceof Error ? error.message : String(error);
        if (into.asTyped) put(built, field.path, value);
      }
    }
  }
  return built;
}

export interface Built {
  inputs: RunInputs;
  /** Sentences by field key, rows' cells with their row's number; nothing is to be sent while there is one. */
  problems: Record<string, string>;
}

/** What the form sends, with everything that is wrong with it. */
export function buildInputs(fields: FormField[], values: Values): Built {
  const problems: Record<string, string> = {};
  return { inputs: build(fields, values, { at: [], asTyped: false, problems }), problems };
}

/** What is in the form as JSON to go on with: what means nothing yet stays as it was typed. */
export function draftText(fields: FormField[], values: Values): string {
  return JSON.stringify(build(fields, values, { at: [], asTyped: true, problems: {} }), null, 2);
}

/**
 * The inputs that were written as JSON, exactly as they are to be sent. Only what no server could take is
 * refused here: text that is no JSON, groups that do not exist, and what is required and missing.
 */
export function parseInputs(fields: FormField[], text: string): { inputs: RunInputs; problems: string[] } {
  let inputs: unknown;
  try {
    inputs = JSON.parse(text);
  } catch (error) {
    return { inputs: {}, problems: [`This is not JSON: ${error instanceof Error ? error.message : ""}`] };
  }
  if (!isRecord(inputs))
    return { inputs: {}, problems: ["This must be an object with path, query, headers or body."] };
  const known: readonly string[] = GROUPS;
  const problems = Object.keys(inputs)
    .filter((group) => !known.includes(group))
    .map((group) => `${group} is none of path, query, headers and body.`);
  for (const field of fields) {
    const isMissing =
      field.path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), inputs) === undefined;
    if (field.required && isMissing) problems.push(`${pathText(field.path)} is required.`);
  }
  return { inputs: inputs as RunInputs, problems };
}

/** A moment as the browser's own control takes it: local, without a zone. What is no moment stays as it is. */
function localMoment(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.replace(/(:00)?\.000Z$/, "").replace(/Z$/, "");
}

/** What a control shows for a value; nothing when it cannot hold it. */
function shown(field: FormField, value: unknown): FieldValue {
  if (value === null || value === undefined) return "";
  if (field.kind === "rows") return shownRows(field, value);
  if (Array.isArray(value) && ["texts", "numbers", "choices"].includes(field.kind)) return value.map(String);
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "date-time" && typeof value === "string") return localMoment(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Rows are held whole or not at all: half of a row would be sent as if it were all of it. */
function shownRows(field: FormField, value: unknown): FieldValue {
  if (!Array.isArray(value)) return "";
  const rows = value.map((row) => (isRecord(row) ? readInputs(field.columns, row) : null));
  return rows.every((row) => row !== null && row.unknown.length === 0)
    ? rows.map((row) => row?.values ?? {})
    : "";
}

export interface Read {
  values: Values;
  /** Paths that the form has no control for. */
  unknown: string[];
}

/** The form's values for inputs that were written as JSON. */
export function readInputs(fields: FormField[], inputs: unknown): Read {
  const known = new Map(fields.map((field) => [keyOf(field.path), field]));
  const values: Values = {};
  const unknown: string[] = [];
  const visit = (path: string[], value: unknown): void => {
    const field = known.get(keyOf(path));
    if (field !== undefined) {
      const held = shown(field, value);
      // A control cannot hold nothing as a value: it is told, and not sent from the form.
      if (isEmpty(held)) unknown.push(pathText(path));
      else values[keyOf(path)] = held;
    } else if (isRecord(value)) {
      for (const [name, member] of Object.entries(value)) visit([...path, name], member);
    } else {
      unknown.push(pathText(path));
    }
  };
  if (isRecord(inputs)) for (const [name, member] of Object.entries(inputs)) visit([name], member);
  return { values, unknown };
}
