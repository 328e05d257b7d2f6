/**
 * The connection to the Hub in an iframe. It exchanges messages only with that frame and its origin, so that several
 * Hubs and other scripts on one page do not interfere. Credentials never leave the frame.
 */

import {
  type HubMessage,
  type InitOptions,
  initMessage,
  receiveFromHub,
} from "@patchbay/web-shared/hostMessages.ts";
import type { HubTarget } from "./options.ts";

/** How long the Hub may take to send `ready`. */
export const READY_TIMEOUT_MS = 10_000;

/** The permissions that the Hub needs. It cannot navigate the page around it or open modal dialogs. */
const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox";

export interface FrameEvents {
  onMessage(message: HubMessage): void;
  /** Called if `ready` did not arrive in time. The frame stays open, since a slow Hub may still respond. */
  onTimeout(): void;
}

export class FrameConnection {
  readonly iframe: HTMLIFrameElement;
  readonly target: HubTarget;
  readonly #events: FrameEvents;
  readonly #timer: ReturnType<typeof setTimeout>;
  #isReady = false;
  #options: InitOptions;

  /** Creates the iframe. The caller adds `iframe` to the page and later calls `close`. */
  constructor(document: Document, target: HubTarget, options: InitOptions, events: FrameEvents) {
    this.target = target;
    this.#events = events;
    this.#options = options;
    this.iframe = document.createElement("iframe");
    this.iframe.setAttribute("sandbox", SANDBOX);
    this.iframe.setAttribute("allow", "clipboard-write");
    this.iframe.setAttribute("referrerpolicy", "no-referrer");
    this.iframe.src = target.address;
    globalThis.addEventListener("message", this.#onMessage);
    this.#timer = setTimeout(() => events.onTimeout(), READY_TIMEOUT_MS);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Sends the options to the Hub if they changed. */
  configure(options: InitOptions): void {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    this.#options = options;
    if (this.#isReady) this.#sendOptions();
  }

  /** Removes the iframe and stops listening. */
  close(): void {
    clearTimeout(this.#timer);
    globalThis.removeEventListener("message", this.#onMessage);
    this.iframe.remove();
  }

  readonly #onMessage = (event: MessageEvent): void => {
    const { contentWindow } = this.iframe;
    // A removed frame has no window; `null` must not match the `null` source of a closed window.
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
