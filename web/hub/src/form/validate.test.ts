import { describe, expect, it } from "vitest";
import { field } from "../testing/fixtures.ts";
import { validateField } from "./validate.ts";

describe("validateField", () => {
  it("checks the value that is sent, without the spaces that were pasted with it", () => {
    const key = field("apiKey", "Key", {
      validation: { type: "html-pattern", pattern: "k\\d", error: "Enter a key" },
    });
    expect(validateField(key, "  k1\n")).toBeNull();
    expect(validateField(key, "\ufeffk1\u200b\u2060 ")).toBeNull();
    expect(validateField(key, "k\u200b1")).toBe("Enter a key");
    expect(validateField(key, "k 1")).toBe("Enter a key");
    const password = field("password", "Password", { type: "password" });
    expect(validateField(password, " ")).toBeNull();
    expect(validateField(password, "x\n")).toMatch(/line break/);
  });

  it("reports missing required values and treats spaces as empty", () => {
    expect(validateField(field("a", "Key"), "")).toBe("Key is required");
    expect(validateField(field("a", "Key"), "  ")).toBe("Key is required");
    expect(validateField(field("a", "Key"), "\u200d\n")).toBe("Key is required");
    expect(validateField(field("a", "Key", { required: false }), "")).toBeNull();
  });

  it("matches a pattern against the whole value and uses the connector's error message", () => {
    const email = field("a", "E-mail", {
      validation: { type: "html-pattern", pattern: "\\S+@\\S+", error: "No!" },
    });
    expect(validateField(email, "a@b")).toBeNull();
    expect(validateField(email, "see a@b please")).toBe("No!");
    const anchored = field("a", "Code", { validation: { type: "html-pattern", pattern: "^(x|y)$" } });
    expect(validateField(anchored, "x")).toBeNull();
    expect(validateField(anchored, "xz")).toBe("Code has an invalid format");
  });

  it("leaves a pattern that the browser cannot parse to the server", () => {
    const invalid = field("a", "Key", { validation: { type: "html-pattern", pattern: "(?<" } });
    expect(validateField(invalid, "anything")).toBeNull();
  });

  it("treats a domain name as text, not as a pattern", () => {
    const domain = field("a", "Site", { validation: { type: "domain", pattern: "acme.corp" } });
    expect(validateField(domain, "https://x.acme.corp.com/path")).toBeNull();
    expect(validateField(domain, "https://acmeXcorp.com")).toBe("Site must be an address at acme.corp.com");
  });

  it("accepts only digits for a number", () => {
    const number = field("a", "Port", { type: "number" });
    expect(validateField(number, "0443")).toBeNull();
    expect(validateField(number, "-1")).toContain("digits");
    expect(validateField(number, "1e3")).toContain("digits");
  });

  it("accepts only the options of a select", () => {
    const select = field("a", "Region", { type: "select", options: [{ label: "US", value: "us" }] });
    expect(validateField(select, "us")).toBeNull();
    expect(validateField(select, "eu")).toBe("Choose one of the options for Region");
  });

  it("allows line breaks only in text areas", () => {
    expect(validateField(field("a", "Key"), "a\nb")).toContain("line break");
    expect(validateField(field("a", "Key", { type: "text_area" }), "a\nb\tc")).toBeNull();
    expect(validateField(field("a", "Key", { type: "text_area" }), "a\u0000b")).toContain("character");
  });

  it("accepts stored secrets and read-only values", () => {
    const strict = field("a", "Key", { validation: { type: "html-pattern", pattern: "x" } });
    expect(validateField(strict, "__secretvalue:**redacted**1234")).toBeNull();
    expect(validateField({ ...strict, readOnly: true }, "")).toBeNull();
  });
});
