/** Fake iframes for tests: nothing is loaded, posted messages are recorded, and messages can be delivered. */

import { vi } from "vitest";

export const BASE = "https://patchbay.example.com";

export interface PostedMessage {
  message: Record<string, unknown>;
  origin: string;
}

interface FakeWindow {
  posted: PostedMessage[];
  postMessage(message: Record<string, unknown>, origin: string): void;
}

const windows = new WeakMap<HTMLIFrameElement, FakeWindow>();

export function fakeWindow(): FakeWindow {
  const posted: PostedMessage[] = [];
  return { posted, postMessage: (message, origin) => void posted.push({ message, origin }) };
}

/** Gives every iframe a fake window that loads nothing. Call it before each test. */
export function fakeFrames(): void {
  vi.spyOn(HTMLIFrameElement.prototype, "contentWindow", "get").mockImplementation(function (
    this: HTMLIFrameElement,
  ) {
    if (!this.isConnected) return null;
    const contentWindow = windows.get(this) ?? fakeWindow();
    windows.set(this, contentWindow);
    return contentWindow as unknown as Window;
  });
}

/** Returns the messages that the element has posted to its frame. */
export const postedTo = (frame: HTMLIFrameElement): PostedMessage[] =>
  (frame.contentWindow as unknown as FakeWindow).posted;

/** Delivers a message as the browser would. */
export function deliverMessage(data: unknown, from: { source: unknown; origin: string }): void {
  window.dispatchEvent(Object.assign(new Event("message"), { data, ...from }));
}

/** Delivers a message from the Hub in a frame. */
export const sendFromHub = (
  frame: HTMLIFrameElement,
  type: string,
  more: Record<string, unknown> = {},
): void =>
  deliverMessage(
    { source: "patchbay-hub", version: 1, type, ...more },
    { source: frame.contentWindow, origin: BASE },
  );
