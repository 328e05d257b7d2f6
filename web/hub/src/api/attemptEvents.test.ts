import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readAttemptResult, SILENCE_TIMEOUT_MS } from "./attemptEvents.ts";

const encoder = new TextEncoder();

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });

const result = { status: "authenticated", account: { id: "acc_1" }, error: null };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("readAttemptResult", () => {
  it("reads the result regardless of how the stream is chunked", async () => {
    const text = `: waiting\r\n\r\n: waiting\n\nevent: attempt\ndata: ${JSON.stringify(result)}\n\n`;
    expect(await readAttemptResult(streamOf(text))).toEqual(result);
    expect(await readAttemptResult(streamOf(...text))).toEqual(result);
  });

  it.each([
    ["ends without an event", [": waiting\n\n"]],
    ["reports a pending attempt", ['data: {"status":"pending"}\n\n']],
    ["contains invalid events", ["data: <html>\n\n", "data: 5\n\n"]],
    ["is too long", [": waiting\n\n".repeat(10_000)]],
  ])("returns null if the stream %s", async (_, chunks) => {
    expect(await readAttemptResult(streamOf(...chunks))).toBeNull();
  });

  it("cancels a silent stream after the timeout", async () => {
    const cancel = vi.fn();
    const outcome = readAttemptResult(new ReadableStream<Uint8Array>({ cancel }));
    await vi.advanceTimersByTimeAsync(SILENCE_TIMEOUT_MS);
    expect(await outcome).toBeNull();
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("returns null if the stream fails", async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new TypeError("network error")),
    });
    expect(await readAttemptResult(broken)).toBeNull();
  });
});
