import { describe, expect, it } from "vitest";
import { applyTheme, parseTheme, resolveTheme, type ThemeOverrides } from "./theme.ts";
import { asColor, asFontFamily, asLength, readableOn } from "./themeValues.ts";

describe("themes", () => {
  it("can be a name", () => {
    expect(resolveTheme("dark")).toEqual({ base: "dark", properties: {} });
    expect(parseTheme("auto")).toBe("auto");
    expect(parseTheme("sepia")).toBeNull();
    expect(parseTheme("{")).toBeNull();
    expect(parseTheme("[]")).toBeNull();
    expect(parseTheme(null)).toBeNull();
  });

  it("override values of the base theme, which is light by default", () => {
    const theme = {
      colors: { primary: { background: "#635bff", foreground: "#fff" } },
      radius: { md: "4px" },
    };
    expect(parseTheme(JSON.stringify(theme))).toEqual(theme);
    const { base, properties } = resolveTheme(theme);
    expect(base).toBe("light");
    expect(properties).toEqual({
      "--pb-color-primary": "#635bff",
      "--pb-color-on-primary": "#fff",
      "--pb-color-link": "#635bff",
      "--pb-radius-md": "4px",
    });
    expect(resolveTheme({ ...theme, base: "dark" }).base).toBe("dark");
  });

  it("get a readable text color for a primary color without one", () => {
    expect(resolveTheme({ colors: { primary: { background: "#fde047" } } }).properties).toMatchObject({
      "--pb-color-on-primary": "#0f172a",
    });
    expect(readableOn("#1e1b4b")).toBe("#ffffff");
  });

  it("ignore unknown and inherited members", () => {
    const invalidTheme = {
      colors: { unknown: { background: "#fff" }, __proto__: { primary: { background: "#000" } } },
      x: 1,
    };
    expect(resolveTheme(invalidTheme as ThemeOverrides).properties).toEqual({});
    expect(resolveTheme({ colors: 5 } as unknown as ThemeOverrides).properties).toEqual({});
  });

  it("are removed when the next theme is applied", () => {
    const root = document.createElement("html");
    applyTheme(root, { colors: { card: { background: "#123456" } } });
    expect(root.dataset.theme).toBe("light");
    expect(root.style.getPropertyValue("--pb-color-surface")).toBe("#123456");
    applyTheme(root, "dark");
    expect(root.dataset.theme).toBe("dark");
    expect(root.style.getPropertyValue("--pb-color-surface")).toBe("");
  });
});

describe("invalid theme values", () => {
  it.each([
    "red; background: url(https://evil.example.com)",
    "url(https://evil.example.com/x.png)",
    "var(--pb-color-danger)",
    "rgb(0 0 0) } body { display: none",
    "expression(alert(1))",
    "#12345",
    "rgb(calc(1px))",
    "inherit",
    "color-mix(in srgb, red, blue)",
    "#fff /*",
    "",
    5,
    { toString: () => "red" },
  ])("are not colors: %j", (value) => {
    expect(asColor(value)).toBeNull();
  });

  it.each(["-4px", "4", "calc(1px)", "4px;", "1e9px", "9999px", "4vw", "var(--x)", -1, Number.NaN])(
    "are not lengths: %j",
    (value) => {
      expect(asLength(value)).toBeNull();
    },
  );

  it.each(['Inter"; color: red', "a; b", "url(x)", "Inter, }", "x".repeat(201), ""])(
    "are not font names: %j",
    (value) => {
      expect(asFontFamily(value)).toBeNull();
    },
  );
});

describe("valid theme values", () => {
  it.each([
    "#fff",
    "#635bff",
    "#635bffcc",
    "rgb(1, 2, 3)",
    "rgb(1 2 3 / 50%)",
    "hsl(210deg 40% 50%)",
    "teal",
  ])("are colors: %s", (value) => {
    expect(asColor(value)).toBe(value);
  });

  it("are lengths and fonts", () => {
    expect(asLength("0.5rem")).toBe("0.5rem");
    expect(asLength(12)).toBe("12px");
    expect(asFontFamily("'Inter', Segoe UI, sans-serif")).toBe('"Inter", "Segoe UI", sans-serif');
  });
});
