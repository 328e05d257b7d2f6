import { describe, expect, it } from "vitest";
import { type FailureReason, reasonIn, wordsFor } from "./failureReason.ts";

const REASONS: FailureReason[] = [
  "refused",
  "unreachable",
  "timed_out",
  "rate_limited",
  "misconfigured",
  "unavailable",
];

describe("the reasons of failures", () => {
  it("have a title, a sentence and a next step of their own", () => {
    for (const reader of ["customer", "operator"] as const) {
      const words = REASONS.map((reason) => wordsFor(reason, "Papertrail", reader));
      for (const part of ["title", "sentence", "nextStep"] as const)
        expect(new Set(words.map((found) => found[part])).size).toBe(REASONS.length);
    }
  });

  it("name a refusal only if the provider responded with one", () => {
    for (const reason of REASONS) {
      const { title, sentence } = wordsFor(reason, "Papertrail", "customer");
      const names = /refused|rejected|not accept/.test(`${title} ${sentence}`);
      expect(names, reason).toBe(reason === "refused");
    }
  });

  it("begin with a capital letter", () => {
    for (const reason of REASONS) {
      const { title, sentence, nextStep } = wordsFor(reason, "the provider", "operator");
      for (const text of [title, sentence, nextStep]) expect(text).toMatch(/^[A-Z]/);
    }
  });

  it("are read from responses, and unknown ones are ignored", () => {
    expect(reasonIn("timed_out")).toBe("timed_out");
    for (const other of ["toString", "", null, undefined, 5, "Refused"]) expect(reasonIn(other)).toBeNull();
  });
});
