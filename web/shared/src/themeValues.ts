/**
 * Validates theme values. Each function accepts any value and returns CSS text that is safe to set, or null. Values are
 * matched against a grammar (an allow-list), so that `;`, `}`, `url(` and `var(` cannot get through.
 */

const MAX_VALUE_LENGTH = 200;

const HEX = /^#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i;
const FUNCTION =
  /^(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(\s*[-+.\d%]+(?:deg|turn|rad)?(?:[\s,/]+[-+.\d%]+(?:deg|turn|rad)?){2,3}\s*\)$/i;
const NAME = /^[a-z]{3,20}$/i;
/** CSS-wide keywords and others that are valid as colors but would silently disable the token. */
const NON_COLOR_KEYWORDS = new Set(["inherit", "initial", "unset", "revert", "none", "auto", "currentcolor"]);
const LENGTH = /^(?:0|(?:\d{1,3}(?:\.\d{1,3})?|\.\d{1,3})(?:px|rem|em))$/;
const FONT_NAME = /^[\p{L}\p{N}][\p{L}\p{N} _-]*$/u;

const asText = (value: unknown): string | null =>
  typeof value === "string" && value.length <= MAX_VALUE_LENGTH ? value.trim() : null;

/** Returns whether the browser accepts the color; without `CSS.supports`, only the grammar decides. */
const isSupportedColor = (text: string): boolean =>
  typeof CSS === "undefined" || typeof CSS.supports !== "function" || CSS.supports("color", text);

/** Returns a color: hex, a color function with plain numbers, or a named color. */
export function asColor(value: unknown): string | null {
  const text = asText(value);
  if (text === null) return null;
  const named = NAME.test(text) && !NON_COLOR_KEYWORDS.has(text.toLowerCase());
  return (HEX.test(text) || FUNCTION.test(text) || named) && isSupportedColor(text) ? text : null;
}

/** Returns a non-negative length in `px`, `rem` or `em`. A number means pixels. */
export function asLength(value: unknown): string | null {
  const text = typeof value === "number" && value > 0 ? `${value}px` : asText(value);
  return text !== null && LENGTH.test(text) ? text : null;
}

const GENERIC_FONTS = new Set([
  "serif",
  "sans-serif",
  "monospace",
  "system-ui",
  "ui-serif",
  "ui-sans-serif",
  "ui-monospace",
  "ui-rounded",
]);

/** Returns a list of font names, each in double quotes except the generic families. */
export function asFontFamily(value: unknown): string | null {
  const text = asText(value);
  if (!text) return null;
  const names: string[] = [];
  for (const part of text.split(",")) {
    const name = part.trim().replace(/^(["'])(.*)\1$/, "$2");
    if (GENERIC_FONTS.has(name)) names.push(name);
    else if (name === "-apple-system" || FONT_NAME.test(name)) names.push(`"${name}"`);
    else return null;
  }
  return names.join(", ");
}

function channels(hex: string): [number, number, number] | null {
  if (!HEX.test(hex)) return null;
  const digits = hex.slice(1);
  const wide = digits.length < 6 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const at = (index: number): number => Number.parseInt(wide.slice(index, index + 2), 16) / 255;
  return [at(0), at(2), at(4)];
}

const linear = (channel: number): number =>
  channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;

/** Returns white or near-black, whichever has more contrast with a hex color; white for other colors. */
export function readableOn(background: string): string {
  const rgb = channels(background);
  if (!rgb) return "#ffffff";
  const [red, green, blue] = rgb;
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const onWhite = 1.05 / (luminance + 0.05);
  const onBlack = (luminance + 0.05) / (0.0088 + 0.05);
  return onWhite >= onBlack ? "#ffffff" : "#0f172a";
}
