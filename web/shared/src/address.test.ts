import { expect, it } from "vitest";
import { isSameAddress } from "./address.ts";

it("knows two spellings of one address", () => {
  for (const [one, other] of [
    ["acme.example.com", "ACME.example.com."],
    ["https://a.example/", "https://A.example"],
    ["https://a.example:443/x", "https://a.example/x/"],
    ["acme", " acme "],
  ] as const)
    expect(isSameAddress(one, other), `${one} ${other}`).toBe(true);
});

it("tells other addresses apart", () => {
  for (const [one, other] of [
    ["acme", "Acme"],
    ["acme.example.com", "acme.example.org"],
    ["https://a.example", "http://a.example"],
    ["https://a.example", "https://a.example:8443"],
    ["https://a.example/x", "https://a.example/y"],
    ["", "acme"],
  ] as const)
    expect(isSameAddress(one, other), `${one} ${other}`).toBe(false);
});
