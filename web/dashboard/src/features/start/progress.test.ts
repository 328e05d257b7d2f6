import { expect, test } from "vitest";
import { isStartDone, parseProgress, readProgress, withDone, writeProgress } from "./progress.ts";

test("treats unreadable progress as none", () => {
  for (const text of [null, "", "invalid", "3", "null", '{"done":"link"}']) {
    expect(parseProgress(text)).toEqual({ done: [], skipped: false });
  }
  expect(parseProgress('{"done":["run","x","link"],"skipped":1}')).toEqual({
    done: ["link", "run"],
    skipped: false,
  });
  expect(
    readProgress({
      getItem: () => {
        throw new Error("no storage");
      },
    }),
  ).toEqual({ done: [], skipped: false });
  expect(() =>
    writeProgress(
      { done: [], skipped: true },
      {
        setItem: () => {
          throw new Error("full");
        },
      },
    ),
  ).not.toThrow();
});

test("records each step once, in order, until all are done", () => {
  let progress = parseProgress(null);
  for (const step of ["run", "link", "run", "embed"] as const) progress = withDone(progress, step);
  expect(progress.done).toEqual(["link", "run", "embed"]);
  expect(isStartDone(progress)).toBe(false);
  expect(isStartDone(withDone(progress, "copy"))).toBe(true);
  expect(isStartDone({ done: [], skipped: true })).toBe(true);
});
