/** The address of the frame, and what keeps it from having one. */

import { describe, expect, it } from "vitest";
import { fixedHeight, isOn, targetOf, unreachable } from "./options.ts";
import { serverOfScript } from "./scriptAddress.ts";

const wanted = { token: "t", baseUrl: "https://p.example", pageOrigin: "https://app.example" };

describe("target", () => {
  it.each([
    ["https://p.example", "https://p.example/embedded/integrations"],
    ["https://p.example/", "https://p.example/embedded/integrations"],
    [" https://p.example:8443/?x=1#y ", "https://p.example:8443/embedded/integrations"],
    ["https://p.example/patchbay/", "https://p.example/patchbay/embedded/integrations"],
  ])("of %j", (baseUrl, address) => {
    const target = targetOf({ ...wanted, baseUrl });
    expect(target).toEqual({
      address: `${address}?token=t&origin=https%3A%2F%2Fapp.example`,
      origin: new URL(address).origin,
    });
  });

  it("encodes a token whatever is in it", () => {
    const target = targetOf({ ...wanted, token: "a&origin=https://evil.example#" });
    const { searchParams } = new URL("address" in target ? target.address : "");
    expect(searchParams.getAll("origin")).toEqual(["https://app.example"]);
  });

  it("is none for a page without an origin", () => {
    expect(targetOf({ ...wanted, pageOrigin: "null" })).toMatchObject({ code: "page-without-origin" });
  });
});

it("names every origin around the page", () => {
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
])("a height of %j is %j", (given, taken) => expect(fixedHeight(given)).toBe(taken));

it("is on unless it says otherwise", () => {
  expect([null, "", "true", "false", "0", "no"].map(isOn)).toEqual([true, true, true, false, false, false]);
});

describe("the script's server", () => {
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
  ])("of %s", (_what, document, server) => expect(serverOfScript(document)).toBe(server));
});
