/**
 * One visit to the Hub: an iframe, and the conversation with it. It hears that frame and that origin
 * alone and answers no other, so that several Hubs on one page, and whatever else posts messages there,
 * do not disturb each other. Nothing typed into the frame comes out of it.
 */

import {
  type HubMessage,
  type InitOptions,
  initMessage,
  receiveFromHub,
} from "@patchbay/web-shared/messages.ts";
import type { Target } from "./options.ts";

/** How long the Hub may take to say that it is there. */
export const READY_WITHIN = 10_000;

/** What the Hub needs to work, and no more: no navigation of the page around it, no modal dialogs. */
const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox";

export interface VisitEvents {
  onMessage(message: HubMessage): void;
  /** Nothing came in time. The frame stays: a slow one may still arrive. */
  onSilence(): void;
}

export class Visit {
  readonly iframe: HTMLIFrameElement;
  readonly target: Target;
  readonly #events: VisitEvents;
  readonly #timer: ReturnType<typeof setTimeout>;
  #isReady = false;
  #options: InitOptions;

  /** Starts the visit. The caller puts `iframe` into the page and later calls `end`. */
  constructor(document: Document, target: Target, options: InitOptions, events: VisitEvents) {
    this.target = target;
    this.#events = events;
    this.#options = options;
    this.iframe = document.createElement("iframe");
    this.iframe.setAttribute("sandbox", SANDBOX);
    this.iframe.setAttribute("allow", "clipboard-write");
    this.iframe.setAttribute("referrerpolicy", "no-referrer");
    this.iframe.src = target.address;
    globalThis.addEventListener("message", this.#hear);
    this.#timer = setTimeout(() => events.onSilence(), READY_WITHIN);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Tells the Hub what it should look like; again, when that has changed. */
  configure(options: InitOptions): void {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    this.#options = options;
    if (this.#isReady) this.#sendOptions();
  }

  end(): void {
    clearTimeout(this.#timer);
    globalThis.removeEventListener("message", this.#hear);
    this.iframe.remove();
  }

  readonly #hear = (event: MessageEvent): void => {
    const { contentWindow } = this.iframe;
    // A frame that is out of the page has no window; `null` must not match a sender that is gone.
    if (contentWindow === null) return;
    const message = receiveFromHub(event, { window: contentWindow, origin: this.target.origin });
    if (message === null) return;
    if (message.type === "ready") {
      clearTimeout(this.#timer);
      this.#isReady = true;
      this.#sendOptions();
    }
    this.#events.onMessage(message);
  };

  #sendOptions(): void {
    this.iframe.contentWindow?.postMessage(initMessage(this.#options), this.target.origin);
  }
}
