import { expect, test } from "vitest";
import { evidenceCounts } from "./evidence.ts";

test("levels are counted, the highest first, without empty ones", () => {
  const counts = evidenceCounts({ a: "declared", b: "live", c: "contract_proven", d: "contract_proven" });
  expect(counts.map(({ level, count }) => [level, count])).toEqual([
    ["live", 1],
    ["contract_proven", 2],
    ["declared", 1],
  ]);
  expect(evidenceCounts({})).toEqual([]);
});
