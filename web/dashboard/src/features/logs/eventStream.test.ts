import { expect, test } from "vitest";
import { readEvents, type ServerEvent } from "./eventStream.ts";

/** Returns the events of a stream that arrives in these pieces. */
async function eventsOf(pieces: string[]): Promise<ServerEvent[]> {
  const bytes = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(bytes.encode(piece));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

const TEXT = ': hello\n\nevent: log\nid: 1\ndata: {"a":1}\n\ndata: two\ndata:lines\n\nevent: log\ndata: cut';
const EVENTS = [
  { event: "log", data: '{"a":1}' },
  { event: "message", data: "two\nlines" },
];

test("events are read, comments and a cut event are not", async () => {
  expect(await eventsOf([TEXT])).toEqual(EVENTS);
});

test("the pieces in which a stream arrives make no difference", async () => {
  expect(await eventsOf([...TEXT])).toEqual(EVENTS);
  expect(await eventsOf([...TEXT.replaceAll("\n", "\r\n")])).toEqual(EVENTS);
});

test("a reader that stops early ends the stream", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\ndata: 2\n\n")),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const { data } of readEvents(body)) {
    expect(data).toBe("1");
    break;
  }
  expect(cancelled).toBe(true);
});
