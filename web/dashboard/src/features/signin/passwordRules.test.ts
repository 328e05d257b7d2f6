import { expect, test } from "vitest";
import { passwordProblem } from "./passwordRules.ts";

test.each(["", "short", "eleven char", "aaaaaaaaaaaaaaaa", "x1".repeat(101)])("%j is refused", (password) => {
  expect(passwordProblem(password)).not.toBeNull();
});

test.each(["twelve chars", "correct horse battery", "pässwörter!!"])("%j is accepted", (password) => {
  expect(passwordProblem(password)).toBeNull();
});
