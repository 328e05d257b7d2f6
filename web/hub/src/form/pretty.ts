/** A provider's answer made readable: JSON is indented, also JSON inside a JSON text; the rest is kept. */

export function pretty(response: unknown): string {
  if (typeof response !== "string") return JSON.stringify(response, null, 2) ?? "";
  const text = response.trim();
  if (!/^[[{"]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? pretty(value) : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}
