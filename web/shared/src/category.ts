/** What a category is called. */

const ABBREVIATIONS = new Set(["ats", "cms", "crm", "erp", "hris", "iam", "itsm", "lms", "sms"]);

/** `human_resources` → `Human resources`, `crm` → `CRM`. */
export const categoryName = (key: string): string => {
  if (ABBREVIATIONS.has(key.toLowerCase())) return key.toUpperCase();
  const words = key.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
