/**
 * The connection to the host page around the Hub. It exchanges messages with one window and one origin, never with
 * `*`. Without a host (an auth link in its own tab) it sends nothing.
 */

import {
  accountConnectedMessage,
  cancelMessage,
  closeMessage,
  type HubMessage,
  type InitOptions,
  type LinkedAccount,
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

export function createHost(frame: Frame, origin: string | null): Host {
  const send = (message: unknown): void => {
    if (origin !== null) frame.parent.postMessage(message, origin);
  };
  const sendHubMessage = (message: HubMessage): void => send(message);
  let successSent = false;
  let lastHeight = -1;
  return {
    present: origin !== null,
    ready: () => sendHubMessage(readyMessage()),
    resize(height) {
      if (height === lastHeight) return;
      lastHeight = height;
      sendHubMessage(resizeMessage(height));
    },
    success(account) {
      if (successSent) return;
      successSent = true;
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
