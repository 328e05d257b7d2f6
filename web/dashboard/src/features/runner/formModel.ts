/**
 * Converts between the values of an action's form and the inputs that are sent. Empty values are not sent.
 */

import { type FormField, GROUPS, type Group, isRecord, keyOf, pathText } from "./fields.ts";
import { parseFieldValue } from "./parseFieldValue.ts";

/** The inputs of `POST /actions/rpc`. */
export type RunInputs = Partial<Record<Group, Record<string, unknown>>>;

/** The value of a control: a string, a list of strings, or one form per row. */
export type FieldValue = string | string[] | FieldValues[];
/** The values of a form by field key. */
export interface FieldValues {
  [key: string]: FieldValue;
}

export const isEmpty = (value: FieldValue | undefined): value is undefined | "" =>
  value === undefined || (Array.isArray(value) ? value.length === 0 : value.trim() === "");

export const rowsOf = (value: FieldValue | undefined): FieldValues[] =>
  Array.isArray(value) ? value.filter((row) => typeof row !== "string") : [];

function setPath(target: Record<string, unknown>, path: string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const next = target[name];
  const inner = isRecord(next) ? next : {};
  target[name] = inner;
  setPath(inner, rest, value);
}

interface BuildContext {
  /** The path of the row that is being read; empty for the form itself. */
  at: string[];
  /** Whether invalid values are included as typed. */
  keepInvalid: boolean;
  /** Collects the problems by field key. */
  problems: Record<string, string>;
}

function build(fields: FormField[], values: FieldValues, context: BuildContext): Record<string, unknown> {
  const built: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[keyOf(field.path)];
    const at = [...context.at, ...field.path];
    if (isEmpty(value)) {
      // An untouched switch is false; every other empty required field is missing.
      if (field.required && field.kind === "boolean") setPath(built, field.path, false);
      else if (field.required) context.problems[keyOf(at)] = "This is required.";
    } else if (field.kind === "rows") {
      const rows = rowsOf(value).map((row, index) =>
        build(field.columns, row, { ...context, at: [...at, String(index)] }),
      );
      setPath(built, field.path, rows);
    } else {
      try {
        setPath(built, field.path, parseFieldValue(field, value as string | string[]));
      } catch (error) {
        context.problems[keyOf(at)] = error instanceof Error ? error.message : String(error);
        if (context.keepInvalid) setPath(built, field.path, value);
      }
    }
  }
  return built;
}

export interface BuiltInputs {
  inputs: RunInputs;
  /** Messages by field key; keys of cells contain the row's index. Nothing is sent unless this is empty. */
  problems: Record<string, string>;
}

/** Returns the inputs to send and the problems of the form. */
export function buildInputs(fields: FormField[], values: FieldValues): BuiltInputs {
  const problems: Record<string, string> = {};
  return { inputs: build(fields, values, { at: [], keepInvalid: false, problems }), problems };
}

/** Returns the form as JSON text to continue editing; invalid values are included as typed. */
export function draftText(fields: FormField[], values: FieldValues): string {
  return JSON.stringify(build(fields, values, { at: [], keepInvalid: true, problems: {} }), null, 2);
}

/**
 * Parses inputs written as JSON, which are sent exactly as written. Reports invalid JSON, unknown groups and missing
 * required inputs; the server checks everything else.
 */
export function parseInputs(fields: FormField[], text: string): { inputs: RunInputs; problems: string[] } {
  let inputs: unknown;
  try {
    inputs = JSON.parse(text);
  } catch (error) {
    return { inputs: {}, problems: [`Invalid JSON: ${error instanceof Error ? error.message : ""}`] };
  }
  if (!isRecord(inputs))
    return { inputs: {}, problems: ["This must be an object with path, query, headers or body."] };
  const known: readonly string[] = GROUPS;
  const problems = Object.keys(inputs)
    .filter((group) => !known.includes(group))
    .map((group) => `Unknown group ${group}: use path, query, headers or body.`);
  for (const field of fields) {
    const isMissing =
      field.path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), inputs) === undefined;
    if (field.required && isMissing) problems.push(`${pathText(field.path)} is required.`);
  }
  return { inputs: inputs as RunInputs, problems };
}

/** Returns a timestamp as the browser's control needs it: local time without a zone. Other text is unchanged. */
function toLocalDateTime(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.replace(/(:00)?\.000Z$/, "").replace(/Z$/, "");
}

/** Returns the control's value for an input; empty if the control cannot represent it. */
function toControlValue(field: FormField, value: unknown): FieldValue {
  if (value === null || value === undefined) return "";
  if (field.kind === "rows") return toRows(field, value);
  if (Array.isArray(value) && ["strings", "numbers", "choices"].includes(field.kind))
    return value.map(String);
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "text" && Array.isArray(value)) return "";
  if (field.kind === "date-time" && typeof value === "string") return toLocalDateTime(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Returns the rows; empty if the form cannot represent all of them, since a partial row would lose data. */
function toRows(field: FormField, value: unknown): FieldValue {
  if (!Array.isArray(value)) return "";
  const rows = value.map((row) => (isRecord(row) ? readInputs(field.columns, row) : null));
  return rows.every((row) => row !== null && row.unknown.length === 0)
    ? rows.map((row) => row?.values ?? {})
    : "";
}

export interface ReadInputs {
  values: FieldValues;
  /** Paths that the form cannot represent. */
  unknown: string[];
}

/** Returns the form's values for inputs written as JSON. */
export function readInputs(fields: FormField[], inputs: unknown): ReadInputs {
  const known = new Map(fields.map((field) => [keyOf(field.path), field]));
  const values: FieldValues = {};
  const unknown: string[] = [];
  const visit = (path: string[], value: unknown): void => {
    const field = known.get(keyOf(path));
    if (field !== undefined) {
      const controlValue = toControlValue(field, value);
      // An empty control means "not sent", so the form cannot represent an empty value.
      if (isEmpty(controlValue)) unknown.push(pathText(path));
      else values[keyOf(path)] = controlValue;
    } else if (isRecord(value)) {
      for (const [name, member] of Object.entries(value)) visit([...path, name], member);
    } else {
      unknown.push(pathText(path));
    }
  };
  if (isRecord(inputs)) for (const [name, member] of Object.entries(inputs)) visit([name], member);
  return { values, unknown };
}
