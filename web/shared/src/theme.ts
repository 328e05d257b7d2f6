/**
 * Themes: a name (`light`, `dark`, `auto`) or a partial theme that overrides one of them.
 *
 * A partial theme comes from an untrusted page, so it never reaches a style sheet as text: each known member must be a
 * valid color, length or list of font names, and sets one custom property of `tokens.css`. Unknown members and invalid
 * values are ignored, so the base theme's value applies.
 */

import { asColor, asFontFamily, asLength, readableOn } from "./themeValues.ts";

export type ThemeName = "light" | "dark" | "auto";

interface ToneColors {
  background?: string;
  foreground?: string;
  border?: string;
}

/** A partial theme. Every member is optional; `base` is the theme that it overrides (default `light`). */
export interface ThemeOverrides {
  base?: ThemeName;
  colors?: {
    page?: { background?: string };
    card?: ToneColors & { dimmedBackground?: string; sunkenBackground?: string };
    text?: { primary?: string; secondary?: string; subtle?: string; link?: string };
    primary?: ToneColors;
    control?: ToneColors;
    success?: ToneColors;
    warning?: ToneColors;
    error?: ToneColors;
    destructive?: ToneColors;
  };
  radius?: Partial<Record<"xs" | "sm" | "md" | "lg" | "xl", string>>;
  fontSizes?: Partial<Record<"xsmall" | "small" | "medium" | "large" | "xlarge" | "xxlarge", string>>;
  controlHeights?: Partial<Record<"small" | "medium" | "large", string>>;
  fontFamily?: string;
}

export type Theme = ThemeName | ThemeOverrides;

/** A validated theme: the base, and the custom properties to set on the root element. */
export interface ResolvedTheme {
  base: ThemeName;
  properties: Record<string, string>;
}

type Validate = (value: unknown) => string | null;

/** All members of a theme: the path, the validation, and the custom property that it sets. */
const THEME_MEMBERS: readonly (readonly [path: string, validate: Validate, property: string])[] = [
  ["colors.page.background", asColor, "--pb-color-background"],
  ["colors.card.background", asColor, "--pb-color-surface"],
  ["colors.card.foreground", asColor, "--pb-color-text"],
  ["colors.card.border", asColor, "--pb-color-border"],
  ["colors.card.dimmedBackground", asColor, "--pb-color-raised"],
  ["colors.card.sunkenBackground", asColor, "--pb-color-sunken"],
  ["colors.text.primary", asColor, "--pb-color-text"],
  ["colors.text.secondary", asColor, "--pb-color-text-muted"],
  ["colors.text.subtle", asColor, "--pb-color-text-subtle"],
  ["colors.text.link", asColor, "--pb-color-link"],
  ["colors.primary.background", asColor, "--pb-color-primary"],
  ["colors.primary.foreground", asColor, "--pb-color-on-primary"],
  ["colors.control.background", asColor, "--pb-color-control"],
  ["colors.control.border", asColor, "--pb-color-control-border"],
  ["colors.success.background", asColor, "--pb-color-success-soft"],
  ["colors.success.foreground", asColor, "--pb-color-success-text"],
  ["colors.success.border", asColor, "--pb-color-success-border"],
  ["colors.warning.background", asColor, "--pb-color-warning-soft"],
  ["colors.warning.foreground", asColor, "--pb-color-warning-text"],
  ["colors.warning.border", asColor, "--pb-color-warning-border"],
  ["colors.error.background", asColor, "--pb-color-danger-soft"],
  ["colors.error.foreground", asColor, "--pb-color-danger-text"],
  ["colors.error.border", asColor, "--pb-color-danger-border"],
  ["colors.destructive.background", asColor, "--pb-color-danger"],
  ["colors.destructive.foreground", asColor, "--pb-color-on-danger"],
  ["radius.xs", asLength, "--pb-radius-xs"],
  ["radius.sm", asLength, "--pb-radius-sm"],
  ["radius.md", asLength, "--pb-radius-md"],
  ["radius.lg", asLength, "--pb-radius-lg"],
  ["radius.xl", asLength, "--pb-radius-xl"],
  ["fontSizes.xsmall", asLength, "--pb-font-size-xs"],
  ["fontSizes.small", asLength, "--pb-font-size-sm"],
  ["fontSizes.medium", asLength, "--pb-font-size-md"],
  ["fontSizes.large", asLength, "--pb-font-size-lg"],
  ["fontSizes.xlarge", asLength, "--pb-font-size-xl"],
  ["fontSizes.xxlarge", asLength, "--pb-font-size-xxl"],
  ["controlHeights.small", asLength, "--pb-control-height-sm"],
  ["controlHeights.medium", asLength, "--pb-control-height-md"],
  ["controlHeights.large", asLength, "--pb-control-height-lg"],
  ["fontFamily", asFontFamily, "--pb-font-family"],
];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isThemeName = (value: unknown): value is ThemeName =>
  value === "light" || value === "dark" || value === "auto";

/** Returns whether the value is a theme name or an object. Its members are validated by `resolveTheme`. */
export const isTheme = (value: unknown): value is Theme => isThemeName(value) || isRecord(value);

/** Parses a theme from an attribute or an address: a name, or the JSON of a partial theme. Null if it is invalid. */
export function parseTheme(text: string | null | undefined): Theme | null {
  if (!text) return null;
  if (isThemeName(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return isTheme(value) ? value : null;
  } catch {
    return null;
  }
}

/** Returns the own member at a dotted path; inherited members (`constructor`) are ignored. */
function memberAt(value: unknown, path: string): unknown {
  let current = value;
  for (const key of path.split(".")) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** Validates a theme. A primary color without a text color gets a readable one. */
export function resolveTheme(theme: Theme): ResolvedTheme {
  if (isThemeName(theme)) return { base: theme, properties: {} };
  const properties: Record<string, string> = {};
  for (const [path, validate, property] of THEME_MEMBERS) {
    const value = validate(memberAt(theme, path));
    if (value !== null) properties[property] = value;
  }
  const primary = properties["--pb-color-primary"];
  if (primary !== undefined) {
    properties["--pb-color-on-primary"] ??= readableOn(primary);
    properties["--pb-color-link"] ??= primary;
  }
  return { base: isThemeName(theme.base) ? theme.base : "light", properties };
}

/** Applies a theme to the root element and removes the properties of the previous one. */
export function applyTheme(root: HTMLElement, theme: Theme): void {
  const { base, properties } = resolveTheme(theme);
  root.dataset.theme = base;
  for (const [, , property] of THEME_MEMBERS) {
    const value = properties[property];
    if (value === undefined) root.style.removeProperty(property);
    else root.style.setProperty(property, value);
  }
}
