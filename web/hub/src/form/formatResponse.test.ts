import { expect, it } from "vitest";
import { formatResponse } from "./formatResponse.ts";

it.each([
  ['{"a":1}', '{\n  "a": 1\n}'],
  ['"{\\"a\\":1}"', '{\n  "a": 1\n}'],
  [{ a: [1] }, '{\n  "a": [\n    1\n  ]\n}'],
  ["<html>no</html>", "<html>no</html>"],
  ["{broken", "{broken"],
  ["", ""],
])("formats %j", (response, text) => {
  expect(formatResponse(response)).toBe(text);
});
