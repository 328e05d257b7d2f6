/** The inputs that request the next page of a response. */

import type { FormField } from "./fields.ts";
import type { RunInputs } from "./formModel.ts";

/** The names of pagination inputs, the most specific first. */
const CURSOR_INPUTS = ["next", "cursor", "page_token", "page", "offset"];

/** Returns the inputs with the cursor in the action's pagination input; null without a next page. */
export function nextInputs(fields: FormField[], inputs: RunInputs, next: unknown): RunInputs | null {
  if (next === null || next === undefined || next === "") return null;
  for (const name of CURSOR_INPUTS) {
    const field = fields.find(({ path }) => path.length === 2 && path[0] === "query" && path[1] === name);
    if (field !== undefined) {
      const value = field.kind === "number" ? Number(next) : next;
      return { ...inputs, query: { ...inputs.query, [name]: value } };
    }
  }
  return null;
}
