/** The address of the frame, and the problems that prevent opening it. */

import { describe, expect, it } from "vitest";
import { fixedHeight, isEnabled, resolveTarget, unreachable } from "./options.ts";
import { serverFromScript } from "./scriptServer.ts";

const options = { token: "t", baseUrl: "https://p.example", pageOrigin: "https://app.example" };

describe("resolveTarget", () => {
  it.each([
    ["https://p.example", "https://p.example/embedded/integrations"],
    ["https://p.example/", "https://p.example/embedded/integrations"],
    [" https://p.example:8443/?x=1#y ", "https://p.example:8443/embedded/integrations"],
    ["https://p.example/patchbay/", "https://p.example/patchbay/embedded/integrations"],
  ])("resolves %j", (baseUrl, address) => {
    const target = resolveTarget({ ...options, baseUrl });
    expect(target).toEqual({
      address: `${address}?token=t&origin=https%3A%2F%2Fapp.example`,
      origin: new URL(address).origin,
    });
  });

  it("encodes special characters in the token", () => {
    const target = resolveTarget({ ...options, token: "a&origin=https://evil.example#" });
    const { searchParams } = new URL("address" in target ? target.address : "");
    expect(searchParams.getAll("origin")).toEqual(["https://app.example"]);
  });

  it("returns a problem for a page without an origin", () => {
    expect(resolveTarget({ ...options, pageOrigin: "null" })).toMatchObject({ code: "page-without-origin" });
  });
});

it("the timeout problem names every origin around the page", () => {
  expect(
    unreachable("https://p.example", ["https://app.example", "https://outer.example"], 10).message,
  ).toContain('"allowed_origins": ["https://app.example", "https://outer.example"]');
});

it.each([
  [null, null],
  ["auto", null],
  ["12.5", "12.5px"],
  ["40rem", "40rem"],
  ["-5px", null],
  ["calc(1px)", null],
])("fixedHeight(%j) is %j", (text, height) => expect(fixedHeight(text)).toBe(height));

it("a boolean attribute is on by default", () => {
  expect([null, "", "true", "false", "0", "no"].map(isEnabled)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

describe("serverFromScript", () => {
  const scripts = (current: string | null, ...tags: string[]) =>
    ({
      currentScript: current === null ? null : { src: current },
      querySelectorAll: () => tags.map((src) => ({ src })),
    }) as unknown as Document;

  it.each([
    ["a classic script", scripts("https://p.example/embed/patchbay-hub.js"), "https://p.example"],
    [
      "a module",
      scripts(null, "https://x.example/a.js", "https://p.example/embed/patchbay-hub.js"),
      "https://p.example",
    ],
    ["a path before it", scripts("https://p.example/pb/embed/patchbay-hub.js?v=1"), "https://p.example/pb"],
    ["a bundle", scripts(null, "https://app.example/main.js"), null],
    ["no script", scripts(null), null],
  ])("with %s", (_source, document, server) => expect(serverFromScript(document)).toBe(server));
});
