/**
 * The connection to the page around the Hub. It exchanges messages with one window and named origins, never with `*`.
 *
 * A page with our element names its origin in the frame's address: that is the host. Another page that frames an auth
 * link only learns which account was linked, as from the original's auth links (`AccountConnected`). That message is
 * addressed to each origin that the session or the operator allows; the browser delivers it only if the page around the
 * Hub is one of them. Without a page around it the Hub sends nothing.
 */

import {
  accountConnectedMessage,
  cancelMessage,
  closeMessage,
  type HubMessage,
  type InitOptions,
  type LinkedAccount,
  parseOrigin,
  readyMessage,
  receiveFromHost,
  resizeMessage,
  successMessage,
} from "@patchbay/web-shared/hostMessages.ts";

export interface Host {
  /** Whether there is a host page. */
  readonly present: boolean;
  ready(): void;
  resize(height: number): void;
  /** Sets the origins whose pages may learn which account was linked, as the server says. */
  allow(origins: readonly string[]): void;
  /** Reports the linked account; only the first call sends a message. */
  success(account: LinkedAccount): void;
  cancel(): void;
  close(): void;
  /** Calls the listener for every `init`, since a host may change its theme later. Returns an unsubscribe function. */
  onInit(listener: (options: InitOptions) => void): () => void;
}

type Frame = Pick<Window, "addEventListener" | "removeEventListener"> & {
  parent: Pick<Window, "postMessage">;
};

/** Creates the connection. `framed` says whether the page is inside another page. */
export function createHost(frame: Frame, origin: string | null, framed: boolean = origin !== null): Host {
  const send = (message: unknown): void => {
    if (origin !== null) frame.parent.postMessage(message, origin);
  };
  const sendHubMessage = (message: HubMessage): void => send(message);
  let successSent = false;
  let allowed: readonly string[] = [];
  let lastHeight = -1;
  return {
    present: origin !== null,
    ready: () => sendHubMessage(readyMessage()),
    resize(height) {
      if (height === lastHeight) return;
      lastHeight = height;
      sendHubMessage(resizeMessage(height));
    },
    allow(origins) {
      allowed = origins;
    },
    success(account) {
      if (successSent) return;
      successSent = true;
      if (origin === null) {
        if (!framed) return;
        const origins = new Set(allowed.map(parseOrigin).filter((found) => found !== null));
        for (const target of origins) frame.parent.postMessage(accountConnectedMessage(account), target);
        return;
      }
      sendHubMessage(successMessage(account));
      send(accountConnectedMessage(account));
    },
    cancel: () => sendHubMessage(cancelMessage()),
    close: () => sendHubMessage(closeMessage()),
    onInit(listener) {
      if (origin === null) return () => {};
      const onMessage = (event: MessageEvent): void => {
        const message = receiveFromHost(event, { window: frame.parent, origin });
        if (message) listener(message);
      };
      frame.addEventListener("message", onMessage);
      return () => frame.removeEventListener("message", onMessage);
    },
  };
}
