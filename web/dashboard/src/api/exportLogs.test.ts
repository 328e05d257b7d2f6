import { afterEach, expect, test, vi } from "vitest";
import { exportLogs, exportName } from "./exportLogs.ts";

afterEach(() => vi.unstubAllGlobals());

/** Answers with a stream of texts, which breaks off after the last one if it should. */
function answerWith(texts: string[], breaksOff = false): unknown[] {
  const bodies: unknown[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    bodies.push(await request.json());
    const chunks = texts.map((text) => new TextEncoder().encode(text));
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          const chunk = chunks.shift();
          if (chunk !== undefined) controller.enqueue(chunk);
          else if (breaksOff) controller.error(new TypeError("network error"));
          else controller.close();
        },
      }),
    );
  });
  return bodies;
}

const run = (maxBytes?: number, onProgress = vi.fn()) =>
  exportLogs({ success: false }, "csv", {
    signal: new AbortController().signal,
    onProgress,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });

test("all parts become one file, and the progress is reported", async () => {
  const bodies = answerWith(["log_id,status\n", "a,200\n"]);
  const onProgress = vi.fn();
  const file = await run(undefined, onProgress);
  expect(await file.text()).toBe("log_id,status\na,200\n");
  expect(file.type).toBe("text/csv");
  expect(bodies).toEqual([{ filters: { success: false }, format: "csv" }]);
  expect(onProgress.mock.calls).toEqual([[14], [20]]);
});

test("an export that breaks off gives no file", async () => {
  answerWith(["a"], true);
  await expect(run()).rejects.toMatchObject({
    code: "NetworkError",
    message: expect.stringContaining("broke off"),
  });
});

test("an export that a browser cannot hold ends", async () => {
  answerWith(["12345", "67890"]);
  await expect(run(9)).rejects.toThrow("choose a shorter time");
  answerWith(["12345", "6789"]);
  expect((await run(9)).size).toBe(9);
});

test("the file is named by its time and format", () => {
  expect(exportName("jsonl", new Date("2026-01-15T10:30:59Z"))).toBe("logs-2026-01-15T10-30.jsonl");
});
