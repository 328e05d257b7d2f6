/** The display names of categories. */

const ABBREVIATIONS = new Set(["ats", "cms", "crm", "erp", "hris", "iam", "itsm", "lms", "sms"]);

/** Returns the display name: `human_resources` becomes `Human resources`, `crm` becomes `CRM`. */
export const categoryName = (key: string): string => {
  if (ABBREVIATIONS.has(key.toLowerCase())) return key.toUpperCase();
  const words = key.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
