/** Stands in for the Hub's frame: nothing is loaded, what the element posts is kept, and answers can be made. */

import { vi } from "vitest";

export const BASE = "https://patchbay.example.com";

export interface Posted {
  message: Record<string, unknown>;
  origin: string;
}

interface FakeWindow {
  posted: Posted[];
  postMessage(message: Record<string, unknown>, origin: string): void;
}

const windows = new WeakMap<HTMLIFrameElement, FakeWindow>();

export function fakeWindow(): FakeWindow {
  const posted: Posted[] = [];
  return { posted, postMessage: (message, origin) => void posted.push({ message, origin }) };
}

/** Call before each test: frames then have a window that loads nothing. */
export function fakeFrames(): void {
  vi.spyOn(HTMLIFrameElement.prototype, "contentWindow", "get").mockImplementation(function (
    this: HTMLIFrameElement,
  ) {
    if (!this.isConnected) return null;
    const known = windows.get(this) ?? fakeWindow();
    windows.set(this, known);
    return known as unknown as Window;
  });
}

/** What the element has posted into its frame. */
export const postedTo = (frame: HTMLIFrameElement): Posted[] =>
  (frame.contentWindow as unknown as FakeWindow).posted;

/** A message as the browser would deliver it. */
export function deliver(data: unknown, from: { source: unknown; origin: string }): void {
  window.dispatchEvent(Object.assign(new Event("message"), { data, ...from }));
}

/** A message from the Hub in this frame. */
export const say = (frame: HTMLIFrameElement, type: string, more: Record<string, unknown> = {}): void =>
  deliver(
    { source: "patchbay-hub", version: 1, type, ...more },
    { source: frame.contentWindow, origin: BASE },
  );
