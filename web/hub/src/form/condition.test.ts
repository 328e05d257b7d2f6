import { describe, expect, it } from "vitest";
import { isMet } from "./condition.ts";

const values = { region: "custom", host: "h.example.com", empty: "", count: "2" };

describe("isMet", () => {
  it.each([
    ["region == 'custom'", true],
    ["{{credentials.region == 'custom'}}", true],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the connector's own notation.
    ["${credentials.region} ", true],
    ["$.credentials.region != 'custom'", false],
    ['region === "custom"', true],
    ["count == 2", true],
    ["host", true],
    ["!host", false],
    ["empty", false],
    ["unknown_field", false],
    ["present(credentials.host)", true],
    ["!present(empty)", true],
    ["region == 'custom' && present(empty)", false],
    ["region == 'other' || present(host)", true],
    ["empty == null", true],
  ])("reads %s", (condition, met) => {
    expect(isMet(condition, values)).toBe(met);
  });

  it.each([
    [{ field: "region", equals: "custom" }, true],
    [{ field: "region", notEquals: "custom" }, false],
    [{ field: "empty", present: true }, false],
    [{ field: "empty", present: false }, true],
    [{ field: "count", equals: 2 }, true],
    [[{ field: "region", equals: "custom" }, "present(empty)"], false],
    [false, false],
  ])("reads %j", (condition, met) => {
    expect(isMet(condition, values)).toBe(met);
  });

  it.each(["region.startsWith('c') ? 1 : 2", "a(b)", { field: 3 }, { op: "gt" }, "", null, "region == 'x"])(
    "shows the field when %j cannot be read",
    (condition) => {
      expect(isMet(condition, values)).toBe(true);
    },
  );
});
