/** Groups a connector's actions by topic, so that a long list can be browsed. */

import { categoryName } from "@patchbay/web-shared/category.ts";
import type { Action } from "../../api/connectors.ts";

export interface ActionGroup {
  topic: string;
  actions: Action[];
}

const OTHER = "Other";

/** Groups by first category, otherwise by first resource or tag, in order of first appearance. */
export function groupByTopic(actions: Action[]): ActionGroup[] {
  const topics = new Map<string, Action[]>();
  for (const action of actions) {
    const { categories, resources } = action.action_details;
    const name = categories[0] ?? resources[0] ?? action.tags[0] ?? OTHER;
    const group = topics.get(name) ?? [];
    group.push(action);
    topics.set(name, group);
  }
  const named = [...topics].filter(([name]) => name !== OTHER);
  const other = topics.get(OTHER);
  // "Other" would be misleading if it is the only group.
  const last = other === undefined ? [] : [{ topic: named.length === 0 ? "All" : OTHER, actions: other }];
  return [...named.map(([name, group]) => ({ topic: categoryName(name), actions: group })), ...last];
}
