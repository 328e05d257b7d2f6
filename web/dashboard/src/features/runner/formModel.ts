/**
 * The form of an action, made from its input schema: which controls there are, what they hold, and what is
 * sent. Values that were not filled in are not sent. Shapes that have no control of their own (lists of
 * objects, either-or) are written as JSON.
 */

export const GROUPS = ["path", "query", "headers", "body"] as const;
export type Group = (typeof GROUPS)[number];

/** What `POST /actions/rpc` takes beside the action's name. */
export type RunInputs = Partial<Record<Group, Record<string, unknown>>>;

export type FieldKind =
  | "text"
  | "long"
  | "number"
  | "boolean"
  | "enum"
  | "date"
  | "date-time"
  | "texts"
  | "choices"
  | "json";

export interface FormField {
  /** Where its value goes, such as `["body", "poc_details", "email"]`. */
  path: string[];
  kind: FieldKind;
  required: boolean;
  description: string;
  options: string[];
  /** The values that the options stand for, which need not be text. */
  choices: unknown[];
  integer: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

/** What a control holds: text for most, a list for `texts` and `choices`. Absent and empty mean not filled in. */
export type Values = Record<string, string | string[]>;

type Schema = Record<string, unknown>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const keyOf = (path: readonly string[]): string => JSON.stringify(path);

/** How a path is told to a person, and how the server names it in its problems. */
export const pathText = (path: readonly string[]): string => path.join(".");

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => entry !== null).map((entry) => String(entry)) : [];

function typeOf(schema: Schema): string | null {
  const { type } = schema;
  if (Array.isArray(type)) return type.map(String).find((name) => name !== "null") ?? null;
  return typeof type === "string" ? type : null;
}

function kindOf(schema: Schema): FieldKind {
  const type = typeOf(schema);
  if (Array.isArray(schema.enum)) return "enum";
  if (type === "string") {
    if (schema.format === "date" || schema.format === "date-time") return schema.format;
    return typeof schema.maxLength === "number" && schema.maxLength > 500 ? "long" : "text";
  }
  if (type === "number" || type === "integer") return "number";
  if (type === "boolean") return "boolean";
  if (type === "array" && isRecord(schema.items)) {
    const inner = kindOf(schema.items);
    if (inner === "enum") return "choices";
    if (inner === "text" && typeOf(schema.items) === "string") return "texts";
  }
  return "json";
}

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

function fieldOf(path: string[], schema: Schema, required: boolean): FormField {
  const kind = kindOf(schema);
  const described = kind === "choices" && isRecord(schema.items) ? schema.items : schema;
  const field: FormField = {
    path,
    kind,
    required,
    description: typeof schema.description === "string" ? schema.description : "",
    options: texts(described.enum),
    choices: Array.isArray(described.enum) ? described.enum.filter((entry) => entry !== null) : [],
    integer: typeOf(schema) === "integer",
  };
  const [minimum, maximum] = [numberOf(schema.minimum), numberOf(schema.maximum)];
  const [minLength, maxLength] = [numberOf(schema.minLength), numberOf(schema.maxLength)];
  if (minimum !== undefined) field.minimum = minimum;
  if (maximum !== undefined) field.maximum = maximum;
  if (minLength !== undefined) field.minLength = minLength;
  if (maxLength !== undefined) field.maxLength = maxLength;
  if (typeof schema.pattern === "string") field.pattern = schema.pattern;
  return field;
}

/** Deeper objects are written as JSON: a form five levels deep helps nobody. */
const DEEPEST = 4;

function walk(path: string[], schema: Schema, required: boolean, into: FormField[]): void {
  const properties = schema.properties;
  if (
    typeOf(schema) === "object" &&
    isRecord(properties) &&
    Object.keys(properties).length > 0 &&
    path.length < DEEPEST
  ) {
    const needed = texts(schema.required);
    for (const [name, member] of Object.entries(properties)) {
      if (isRecord(member)) walk([...path, name], member, required && needed.includes(name), into);
    }
    return;
  }
  into.push(fieldOf(path, schema, required));
}

/** The fields of an action: required ones, then plain ones, then variants, each in the order of the schema. */
export function formFields(inputSchema: Record<string, unknown>): FormField[] {
  const groups = isRecord(inputSchema.properties) ? inputSchema.properties : {};
  const fields: FormField[] = [];
  for (const group of GROUPS) {
    const schema = groups[group];
    if (!isRecord(schema)) continue;
    // A group without members of its own takes anything, as one object.
    walk([group], schema, true, fields);
  }
  const optional = fields.filter((field) => !field.required);
  // Variants of one input (`filter__date[$gte]`) come after what most runs want, such as the page.
  const isVariant = (field: FormField) => /[[\]]|__/.test(pathText(field.path));
  return [
    ...fields.filter((field) => field.required),
    ...optional.filter((field) => !isVariant(field)),
    ...optional.filter(isVariant),
  ];
}

const isEmpty = (value: string | string[] | undefined): value is undefined | "" =>
  value === undefined || (Array.isArray(value) ? value.length === 0 : value.trim() === "");

/** What a control's value means. Throws a sentence when it means nothing. */
function meaning(field: FormField, value: string | string[]): unknown {
  const chosen = (text: string): unknown => {
    const index = field.options.indexOf(text);
    return index === -1 ? text : field.choices[index];
  };
  if (Array.isArray(value)) return field.kind === "choices" ? value.map(chosen) : value;
  switch (field.kind) {
    case "enum":
      return chosen(value);
    case "number": {
      const number = Number(value);
      if (!Number.isFinite(number)) throw new Error("This must be a number.");
      if (field.integer && !Number.isInteger(number)) throw new Error("This must be a whole number.");
      if (field.minimum !== undefined && number < field.minimum)
        throw new Error(`This must be ${field.minimum} or more.`);
      if (field.maximum !== undefined && number > field.maximum)
        throw new Error(`This must be ${field.maximum} or less.`);
      return number;
    }
    case "boolean":
      return value === "true";
    case "json":
      try {
        return JSON.parse(value);
      } catch (error) {
        throw new Error(`This must be JSON: ${error instanceof Error ? error.message : "it cannot be read"}`);
      }
    case "date-time": {
      const date = new Date(value);
      if (Number.isNaN(date.getTime())) throw new Error("This must be a date and a time.");
      return date.toISOString();
    }
    default:
      return checkText(field, value);
  }
}

function checkText(field: FormField, value: string): string {
  if (field.minLength !== undefined && value.length < field.minLength) {
    throw new Error(`This must have at least ${field.minLength} characters.`);
  }
  if (field.maxLength !== undefined && value.length > field.maxLength) {
    throw new Error(`This may have at most ${field.maxLength} characters.`);
  }
  if (field.pattern !== undefined && !matches(field.pattern, value)) {
    throw new Error(`This must match ${field.pattern}`);
  }
  return value;
}

/** A pattern that this browser cannot read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

function put(inputs: RunInputs, path: string[], value: unknown): void {
  let target = inputs as Record<string, unknown>;
  for (const name of path.slice(0, -1)) {
    const next = target[name];
    const inner = isRecord(next) ? next : {};
    target[name] = inner;
    target = inner;
  }
  const last = path.at(-1);
  if (last !== undefined) target[last] = value;
}

export interface Built {
  inputs: RunInputs;
  /** Sentences by field key; nothing is to be sent while there is one. */
  problems: Record<string, string>;
}

/** What is in the form as JSON to go on with: what means nothing yet stays as it was typed. */
export function draftText(fields: FormField[], values: Values): string {
  const { inputs, problems } = buildInputs(fields, values);
  for (const field of fields) {
    const value = values[keyOf(field.path)];
    if (problems[keyOf(field.path)] !== undefined && !isEmpty(value)) put(inputs, field.path, value);
  }
  return JSON.stringify(inputs, null, 2);
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
    if (field.required && field.path.length > 1 && isMissing)
      problems.push(`${pathText(field.path)} is required.`);
  }
  return { inputs: inputs as RunInputs, problems };
}

/** What the form sends, with everything that is wrong with it. */
export function buildInputs(fields: FormField[], values: Values): Built {
  const inputs: RunInputs = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const key = keyOf(field.path);
    const value = values[key];
    if (isEmpty(value)) {
      // A switch that was not touched is false; all else that is required is missing.
      if (field.required && field.kind === "boolean") put(inputs, field.path, false);
      else if (field.required && field.path.length > 1) problems[key] = "This is required.";
      continue;
    }
    try {
      put(inputs, field.path, meaning(field, value));
    } catch (error) {
      problems[key] = error instanceof Error ? error.message : String(error);
    }
  }
  return { inputs, problems };
}

/** A moment as the browser's own control takes it: local, without a zone. What is no moment stays as it is. */
function localMoment(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.replace(/(:00)?\.000Z$/, "").replace(/Z$/, "");
}

function shown(field: FormField, value: unknown): string | string[] {
  if ((field.kind === "texts" || field.kind === "choices") && Array.isArray(value)) return value.map(String);
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "date-time" && typeof value === "string") return localMoment(value);
  return typeof value === "string" ? value : JSON.stringify(value);
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
      const text = value === null || value === undefined ? "" : shown(field, value);
      // A control cannot hold nothing as a value: it is told, and not sent from the form.
      if (isEmpty(text)) unknown.push(pathText(path));
      else values[keyOf(path)] = text;
    } else if (isRecord(value)) {
      for (const [name, member] of Object.entries(value)) visit([...path, name], member);
    } else {
      unknown.push(pathText(path));
    }
  };
  if (isRecord(inputs)) for (const [group, members] of Object.entries(inputs)) visit([group], members);
  return { values, unknown };
}

/** The inputs of the next page: the cursor goes where the action takes one, as what that input is. */
export function nextInputs(fields: FormField[], inputs: RunInputs, next: unknown): RunInputs | null {
  if (next === null || next === undefined || next === "") return null;
  for (const name of ["next", "cursor", "page_token", "page", "offset"]) {
    const field = fields.find(({ path }) => path.length === 2 && path[0] === "query" && path[1] === name);
    if (field !== undefined) {
      const value = field.kind === "number" ? Number(next) : next;
      return { ...inputs, query: { ...inputs.query, [name]: value } };
    }
  }
  return null;
}

/** The server's problems by field key; what belongs to no field is told above the form. */
export function problemsByField(
  fields: FormField[],
  problems: readonly { path: string; message: string }[],
): { byField: Record<string, string>; rest: string[] } {
  const byField: Record<string, string> = {};
  const rest: string[] = [];
  // The longest path first: `body.a.b` belongs to the field `body.a.b`, not to `body.a`.
  const named = fields
    .map((field) => [pathText(field.path), keyOf(field.path)] as const)
    .sort(([a], [b]) => b.length - a.length);
  for (const { path, message } of problems) {
    const owner = named.find(
      ([text]) => path === text || path.startsWith(`${text}.`) || path.startsWith(`${text}[`),
    );
    if (owner === undefined) rest.push(path === "" ? message : `${path}: ${message}`);
    else byField[owner[1]] = message;
  }
  return { byField, rest };
}
