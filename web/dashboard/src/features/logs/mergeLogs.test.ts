import { expect, test } from "vitest";
import { mergeLogs } from "./mergeLogs.ts";
import { logWith } from "./testing.ts";

const logs = (...ids: string[]) => ids.map((log_id) => logWith({ log_id }));

test("new logs come first, and a log is shown once", () => {
  const merged = mergeLogs(logs("e", "d"), [{ data: logs("d", "c") }, { data: logs("c", "b", "a") }]);
  expect(merged.map(({ log_id }) => log_id)).toEqual(["e", "d", "c", "b", "a"]);
  expect(mergeLogs([], [])).toEqual([]);
});
