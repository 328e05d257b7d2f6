import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endIn, SILENCE } from "./events.ts";

const encoder = new TextEncoder();

const streamOf = (...pieces: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });

const ended = { status: "authenticated", account: { id: "acc_1" }, error: null };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("a stream about an attempt", () => {
  it("is read for its end, whatever pieces it comes in", async () => {
    const text = `: waiting\r\n\r\n: waiting\n\nevent: attempt\ndata: ${JSON.stringify(ended)}\n\n`;
    expect(await endIn(streamOf(text))).toEqual(ended);
    expect(await endIn(streamOf(...text))).toEqual(ended);
  });

  it.each([
    ["ends without a word", [": waiting\n\n"]],
    ["speaks of one that is pending", ['data: {"status":"pending"}\n\n']],
    ["says something that is no attempt", ["data: <html>\n\n", "data: 5\n\n"]],
    ["says too much", [": waiting\n\n".repeat(10_000)]],
  ])("tells nothing when it %s", async (_, pieces) => {
    expect(await endIn(streamOf(...pieces))).toBeNull();
  });

  it("is given up when it falls silent, and let go", async () => {
    const cancel = vi.fn();
    const outcome = endIn(new ReadableStream<Uint8Array>({ cancel }));
    await vi.advanceTimersByTimeAsync(SILENCE);
    expect(await outcome).toBeNull();
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("tells nothing when it breaks", async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new TypeError("network error")),
    });
    expect(await endIn(broken)).toBeNull();
  });
});
