import { describe, expect, it } from "vitest";
import { field } from "../testing/fixtures.ts";
import { problemOf } from "./validate.ts";

describe("problemOf", () => {
  it("asks for what is required, and takes blanks for nothing", () => {
    expect(problemOf(field("a", "Key"), "")).toBe("Key is required");
    expect(problemOf(field("a", "Key"), "  ")).toBe("Key is required");
    expect(problemOf(field("a", "Key", { required: false }), "")).toBeNull();
  });

  it("holds a pattern to the whole value and says the connector's own words", () => {
    const email = field("a", "E-mail", {
      validation: { type: "html-pattern", pattern: "\\S+@\\S+", error: "No!" },
    });
    expect(problemOf(email, "a@b")).toBeNull();
    expect(problemOf(email, "see a@b please")).toBe("No!");
    const anchored = field("a", "Code", { validation: { type: "html-pattern", pattern: "^(x|y)$" } });
    expect(problemOf(anchored, "x")).toBeNull();
    expect(problemOf(anchored, "xz")).toBe("Code does not have the right form");
  });

  it("leaves a pattern that the browser cannot read to the server", () => {
    const odd = field("a", "Key", { validation: { type: "html-pattern", pattern: "(?<" } });
    expect(problemOf(odd, "anything")).toBeNull();
  });

  it("checks a domain by its name, not by its letters as a pattern", () => {
    const domain = field("a", "Site", { validation: { type: "domain", pattern: "acme.corp" } });
    expect(problemOf(domain, "https://x.acme.corp.com/path")).toBeNull();
    expect(problemOf(domain, "https://acmeXcorp.com")).toBe("Site must be an address of acme.corp.com");
  });

  it("takes digits alone for a number", () => {
    const number = field("a", "Port", { type: "number" });
    expect(problemOf(number, "0443")).toBeNull();
    expect(problemOf(number, "-1")).toContain("digits");
    expect(problemOf(number, "1e3")).toContain("digits");
  });

  it("takes only what a select offers", () => {
    const select = field("a", "Region", { type: "select", options: [{ label: "US", value: "us" }] });
    expect(problemOf(select, "us")).toBeNull();
    expect(problemOf(select, "eu")).toBe("Choose one of the options of Region");
  });

  it("allows line breaks only where lines are typed", () => {
    expect(problemOf(field("a", "Key"), "a\nb")).toContain("line break");
    expect(problemOf(field("a", "Key", { type: "text_area" }), "a\nb\tc")).toBeNull();
    expect(problemOf(field("a", "Key", { type: "text_area" }), "a\u0000b")).toContain("character");
  });

  it("has nothing against a stored secret or a value that is only shown", () => {
    const strict = field("a", "Key", { validation: { type: "html-pattern", pattern: "x" } });
    expect(problemOf(strict, "__secretvalue:**redacted**1234")).toBeNull();
    expect(problemOf({ ...strict, readOnly: true }, "")).toBeNull();
  });
});
