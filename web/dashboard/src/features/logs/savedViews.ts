/**
 * Views of the logs that a person saved under a name: the filters, for one project, in this browser.
 *
 * They are not on the server: they help one person to look. The address of the page shows a view to others.
 */

import { useLocalStorage } from "@mantine/hooks";
import { type LogFilters, parseLogFilters, withoutRun } from "./filters.ts";

export const MAX_VIEWS = 50;
export const MAX_NAME_LENGTH = 60;

export interface SavedView {
  name: string;
  filters: LogFilters;
}

/** Returns the views of a stored text; what is not a view, and what is beyond the bounds, is left out. */
export function parseViews(text: string | undefined): SavedView[] {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  const views = new Map<string, SavedView>();
  for (const entry of stored.slice(0, MAX_VIEWS) as unknown[]) {
    if (typeof entry !== "object" || entry === null) continue;
    const { name, filters } = entry as Record<string, unknown>;
    if (typeof name !== "string" || typeof filters !== "object" || filters === null) continue;
    const bounded = name.trim().slice(0, MAX_NAME_LENGTH);
    if (bounded === "") continue;
    const parsed = withoutRun(parseLogFilters(filters as Record<string, unknown>));
    views.set(bounded, { name: bounded, filters: parsed });
  }
  return [...views.values()];
}

/** Returns the views with one more, by name. A view with this name is replaced. */
export const withView = (views: SavedView[], view: SavedView): SavedView[] =>
  [...views.filter(({ name }) => name !== view.name), view].sort((a, b) => a.name.localeCompare(b.name));

/** Returns whether both set the same filters, in whatever order. */
export function isSameView(one: LogFilters, other: LogFilters): boolean {
  const text = (filters: LogFilters) => JSON.stringify(Object.entries(withoutRun(filters)).sort());
  return text(one) === text(other);
}

/** Returns the views of a project and a function that changes them, also in the browser's other windows. */
export function useSavedViews(project: string): [SavedView[], (views: SavedView[]) => void] {
  const [views, setViews] = useLocalStorage<SavedView[]>({
    key: `patchbay-log-views:${project}`,
    defaultValue: [],
    getInitialValueInEffect: false,
    serialize: JSON.stringify,
    deserialize: parseViews,
  });
  return [views, setViews];
}
