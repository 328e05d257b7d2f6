/** Where the server's problems stand in the form. */

import { type FormField, keyOf, pathText } from "./fields.ts";

export interface Problems {
  /** Sentences by field key, rows' cells with their row's number. */
  byField: Record<string, string>;
  /** Those of no field, and all of the JSON tab. */
  rest: string[];
}

export const NO_PROBLEMS: Problems = { byField: {}, rest: [] };

/** The field that a path such as `body.rows[1].name` belongs to, as its key. */
function owner(fields: FormField[], path: string, at: string[]): string | null {
  // The longest path first: `body.a.b` belongs to the field `body.a.b`, not to `body.a`.
  const field = fields
    .filter((one) => {
      const text = pathText(one.path);
      return path === text || path.startsWith(`${text}.`) || path.startsWith(`${text}[`);
    })
    .sort((a, b) => pathText(b.path).length - pathText(a.path).length)[0];
  if (field === undefined) return null;
  const here = [...at, ...field.path];
  const cell = /^\[(\d+)\]\.(.+)$/.exec(path.slice(pathText(field.path).length));
  const inRow =
    field.kind === "rows" && cell?.[1] && cell[2] ? owner(field.columns, cell[2], [...here, cell[1]]) : null;
  return inRow ?? keyOf(here);
}

/** The server's problems by field key; what belongs to no field is told above the form. */
export function problemsByField(
  fields: FormField[],
  problems: readonly { path: string; message: string }[],
): Problems {
  const byField: Record<string, string> = {};
  const rest: string[] = [];
  for (const { path, message } of problems) {
    const key = owner(fields, path, []);
    if (key === null) rest.push(path === "" ? message : `${path}: ${message}`);
    else byField[key] = message;
  }
  return { byField, rest };
}
