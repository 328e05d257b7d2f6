/** Test data of every screen: a field of a form, as the server describes it. */

import type { components } from "./api.gen.ts";

/** Returns a required field for text. */
export const textField = (key: string, label: string): components["schemas"]["Field"] => ({
  key,
  label,
  type: "text",
  required: true,
  readOnly: false,
  secret: false,
  placeholder: "",
});
