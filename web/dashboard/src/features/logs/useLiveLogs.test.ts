import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { logWith } from "./testing.ts";
import { useLiveLogs } from "./useLiveLogs.ts";

afterEach(cleanup);

const event = (log_id: string) =>
  `event: log\nid: ${log_id}\ndata: ${JSON.stringify(logWith({ log_id }))}\n\n`;

/** Answers each request for a stream; the returned control writes to the newest stream. */
function stubStream() {
  const requests: Request[] = [];
  let control: ReadableStreamDefaultController<Uint8Array> | undefined;
  vi.stubGlobal("fetch", async (request: Request) => {
    requests.push(request);
    const body = new ReadableStream<Uint8Array>({
      start: (opened) => {
        control = opened;
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  const send = (text: string) => control?.enqueue(new TextEncoder().encode(text));
  return { requests, send, end: () => control?.close() };
}

test("new logs come newest first, with the filters but without their times", async () => {
  const stream = stubStream();
  const onMissed = vi.fn();
  const filters = { connector: "spotdraft", result: "failure", period: "day" as const, run: "x" };
  const { result } = renderHook(() => useLiveLogs({ filters, isEnabled: true, onMissed }));
  await waitFor(() => expect(result.current.state).toBe("live"));
  expect(onMissed).toHaveBeenCalledTimes(1);
  const url = new URL(stream.requests[0]?.url ?? "");
  expect(url.pathname).toBe("/logs/stream");
  expect(JSON.parse(url.searchParams.get("filters") ?? "")).toEqual({
    connector_key: ["spotdraft"],
    success: false,
  });
  stream.send(event("a") + event("b"));
  await waitFor(() => expect(result.current.logs.map(({ log_id }) => log_id)).toEqual(["b", "a"]));
});

test("the list is loaded again when the stream ends", async () => {
  const stream = stubStream();
  const onMissed = vi.fn();
  const { result } = renderHook(() => useLiveLogs({ filters: {}, isEnabled: true, onMissed }));
  await waitFor(() => expect(result.current.state).toBe("live"));
  stream.send(event("a"));
  await waitFor(() => expect(result.current.logs).toHaveLength(1));
  stream.end();
  await waitFor(() => expect(result.current.state).toBe("polling"));
  expect(onMissed).toHaveBeenCalledTimes(2);
  expect(result.current.logs).toEqual([]);
});

test("too many open streams lead to polling", async () => {
  const body = { statusCode: 429, errorCode: "TooManyStreamsError", message: "too many streams are open" };
  vi.stubGlobal("fetch", async () => Response.json(body, { status: 429 }));
  const onMissed = vi.fn();
  const { result } = renderHook(() => useLiveLogs({ filters: {}, isEnabled: true, onMissed }));
  await waitFor(() => expect(result.current.state).toBe("polling"));
  expect(onMissed).toHaveBeenCalledTimes(1);
});

test("a tail that is switched off opens no stream, and ends an open one", async () => {
  const stream = stubStream();
  const { result, rerender } = renderHook(
    ({ isEnabled }) => useLiveLogs({ filters: {}, isEnabled, onMissed: () => undefined }),
    { initialProps: { isEnabled: false } },
  );
  expect(result.current).toEqual({ logs: [], state: "off" });
  expect(stream.requests).toHaveLength(0);
  rerender({ isEnabled: true });
  await waitFor(() => expect(result.current.state).toBe("live"));
  rerender({ isEnabled: false });
  expect(result.current.state).toBe("off");
  expect(stream.requests[0]?.signal.aborted).toBe(true);
});
