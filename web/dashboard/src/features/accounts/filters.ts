/** What the list of accounts is narrowed to. It lives in the address, so that a view can be shared. */

import { STATUS_NAMES } from "./status.ts";

/** Not a state of its own: accounts that work, and must be linked again soon. */
export const RELINK_DUE = "relink_due";

export interface AccountFilters {
  search?: string;
  connector?: string;
  status?: string;
  type?: "production" | "test";
  profile?: string;
  page?: number;
}

const text = (value: unknown): string | undefined => {
  const written = typeof value === "number" ? String(value) : value;
  return typeof written === "string" && written.trim() !== "" ? written.slice(0, 200) : undefined;
};

/** Reads an address; what makes no sense is left out. */
export function parseFilters(search: Record<string, unknown>): AccountFilters {
  const filters: AccountFilters = {};
  const words = text(search.search);
  if (words !== undefined) filters.search = words;
  const connector = text(search.connector);
  if (connector !== undefined) filters.connector = connector;
  const profile = text(search.profile);
  if (profile !== undefined) filters.profile = profile;
  const status = text(search.status);
  if (status !== undefined && [...STATUS_NAMES, RELINK_DUE].includes(status)) filters.status = status;
  if (search.type === "production" || search.type === "test") filters.type = search.type;
  const page = Number(search.page);
  if (Number.isInteger(page) && page > 1) filters.page = page;
  return filters;
}

/** The filters with changes; another filter begins at the first page again. */
export function withFilter(filters: AccountFilters, change: Record<string, unknown>): AccountFilters {
  return parseFilters({ ...filters, page: undefined, ...change });
}

export const isNarrowed = ({ page: _, ...filters }: AccountFilters): boolean =>
  Object.keys(filters).length > 0;
