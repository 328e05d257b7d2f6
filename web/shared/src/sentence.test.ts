import { expect, test } from "vitest";
import { toSentence } from "./sentence.ts";

test.each([
  ["the password is wrong", "The password is wrong."],
  ["SpotDraft rejects the credentials", "SpotDraft rejects the credentials."],
  ["Already a sentence.", "Already a sentence."],
  ["body.name is required", "body.name is required."],
  ["account: it is unknown", "account: it is unknown."],
  ["page_size must be at most 100", "page_size must be at most 100."],
  ["why?", "why?"],
  ["", ""],
])("formats %j as %j", (message, sentence) => {
  expect(toSentence(message)).toBe(sentence);
});
