import { describe, expect, it } from "vitest";
import { pastedValue, trimPasted } from "./pastedValue.ts";

/** The characters that Rust's `char::is_whitespace` accepts, and those that the server adds. */
const WHITESPACE = "\t\n\u000b\f\r \u0085\u00a0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000";
const INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060";

describe("trimPasted", () => {
  it.each([...WHITESPACE, ...INVISIBLE])("removes %j around a value, not within it", (character) => {
    expect(trimPasted(`${character}${character}a${character}b${character} `)).toBe(`a${character}b`);
    expect(trimPasted(`${character} ${character}`)).toBe("");
  });

  it.each([..."\u0000\u001f\u200e\u180e\u00ad", "\u{1f511}"])("keeps %j", (character) => {
    expect(trimPasted(character)).toBe(character);
  });

  it("is quick for a long run of spaces within a value", () => {
    const text = `a${" ".repeat(60_000)}b`;
    expect(trimPasted(text)).toBe(text);
  });
});

describe("pastedValue", () => {
  it("keeps a person's password as it was typed", () => {
    for (const key of ["password", "userPassword", "ssh_PASSPHRASE", "passwd"]) {
      expect(pastedValue(key, " \u200bx ")).toBe(" \u200bx ");
    }
    expect(pastedValue("passwordHint", " x ")).toBe("x");
    expect(pastedValue("apiKey", "\u200bx\ufeff\n")).toBe("x");
  });
});
