/** Joins the logs of the live tail with those of the list. */

import type { ActionLog, LogPage } from "../../api/logs.ts";

/** Returns the new logs and those of the pages, each once. The order of both is newest first and stays. */
export function mergeLogs(fresh: ActionLog[], pages: Pick<LogPage, "data">[]): ActionLog[] {
  const all = new Map<string, ActionLog>();
  for (const log of fresh) all.set(log.log_id, log);
  for (const { data } of pages) for (const log of data) if (!all.has(log.log_id)) all.set(log.log_id, log);
  return [...all.values()];
}
