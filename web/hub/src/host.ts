/**
 * The line to the page around the Hub. It speaks to one window and one origin, never to `*`, and hears
 * nobody else. Without a host (an auth link in a tab of its own) it is silent.
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
} from "@patchbay/web-shared/messages.ts";

export interface Host {
  /** Whether somebody listens. */
  readonly present: boolean;
  ready(): void;
  resize(height: number): void;
  /** Tells of the linked account, once for all: a second call says nothing. */
  success(account: LinkedAccount): void;
  cancel(): void;
  close(): void;
  /** Hears `init`, also a later one (a host may change its theme). Returns how to stop. */
  onInit(listener: (options: InitOptions) => void): () => void;
}

type Frame = Pick<Window, "addEventListener" | "removeEventListener"> & {
  parent: Pick<Window, "postMessage">;
};

export function createHost(frame: Frame, origin: string | null): Host {
  const send = (message: unknown): void => {
    if (origin !== null) frame.parent.postMessage(message, origin);
  };
  const say = (message: HubMessage): void => send(message);
  let told = false;
  let height = -1;
  return {
    present: origin !== null,
    ready: () => say(readyMessage()),
    resize(next) {
      if (next === height) return;
      height = next;
      say(resizeMessage(next));
    },
    success(account) {
      if (told) return;
      told = true;
      say(successMessage(account));
      send(accountConnectedMessage(account));
    },
    cancel: () => say(cancelMessage()),
    close: () => say(closeMessage()),
    onInit(listener) {
      if (origin === null) return () => {};
      const hear = (event: MessageEvent): void => {
        const message = receiveFromHost(event, { window: frame.parent, origin });
        if (message) listener(message);
      };
      frame.addEventListener("message", hear);
      return () => frame.removeEventListener("message", hear);
    },
  };
}
