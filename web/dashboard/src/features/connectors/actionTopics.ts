/** What a connector's actions are about, so that a hundred of them can be looked through. */

import { categoryName } from "@patchbay/web-shared/category.ts";
import type { Action } from "../../api/connectors.ts";

export interface Topic {
  topic: string;
  own: Action[];
}

const OTHER = "Other";

/** By its first category, else by its first resource or tag, in the order in which they first come. */
export function byTopic(actions: Action[]): Topic[] {
  const topics = new Map<string, Action[]>();
  for (const action of actions) {
    const { categories, resources } = action.action_details;
    const name = categories[0] ?? resources[0] ?? action.tags[0] ?? OTHER;
    const own = topics.get(name) ?? [];
    own.push(action);
    topics.set(name, own);
  }
  const named = [...topics].filter(([name]) => name !== OTHER);
  const other = topics.get(OTHER);
  // One topic for all says nothing.
  const rest = other === undefined ? [] : [{ topic: named.length === 0 ? "All" : OTHER, own: other }];
  return [...named.map(([name, own]) => ({ topic: categoryName(name), own })), ...rest];
}
