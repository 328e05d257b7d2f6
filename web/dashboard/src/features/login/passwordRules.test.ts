import { expect, test } from "vitest";
import { passwordProblem } from "./passwordRules.ts";

test.each(["", "short", "eleven char", "aaaaaaaaaaaaaaaa", "x1".repeat(101)])("rejects %j", (password) => {
  expect(passwordProblem(password)).not.toBeNull();
});

test.each(["twelve chars", "correct horse battery", "pässwörter!!"])("accepts %j", (password) => {
  expect(passwordProblem(password)).toBeNull();
});
