import { expect, it } from "vitest";
import { pretty } from "./pretty.ts";

it.each([
  ['{"a":1}', '{\n  "a": 1\n}'],
  ['"{\\"a\\":1}"', '{\n  "a": 1\n}'],
  [{ a: [1] }, '{\n  "a": [\n    1\n  ]\n}'],
  ["<html>no</html>", "<html>no</html>"],
  ["{broken", "{broken"],
  ["", ""],
])("makes %j readable", (response, text) => {
  expect(pretty(response)).toBe(text);
});
