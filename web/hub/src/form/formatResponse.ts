/** Formats a provider's response: JSON is indented, including JSON inside a JSON string; other text is unchanged. */

export function formatResponse(response: unknown): string {
  if (typeof response !== "string") return JSON.stringify(response, null, 2) ?? "";
  const text = response.trim();
  if (!/^[[{"]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? formatResponse(value) : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}
