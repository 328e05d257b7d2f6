import { expect, it } from "vitest";
import { matches, matchingPages } from "./matchingPages.ts";

const labels = (query: string) => matchingPages(query).map(({ label }) => label);

it("finds pages by the beginnings of their words", () => {
  expect(labels("conn")).toEqual(["Connectors", "Connector profiles"]);
  expect(labels("prof conn")).toEqual(["Connector profiles"]);
  expect(labels("KEYS")).toEqual(["API keys"]);
  expect(labels("eys")).toEqual([]);
  expect(labels(" ")).toContain("Accounts");
});

it("reads IDs as words", () => {
  expect(matches("list_contr", "spotdraft_list_contracts")).toBe(true);
  expect(matches("list-contr", "List contracts")).toBe(true);
  expect(matches("ist", "spotdraft_list_contracts")).toBe(false);
});
