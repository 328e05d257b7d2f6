/**
 * The messages between the Hub page (inside a frame) and its host page.
 *
 * Both sides create and parse messages only with this module. A message is accepted only if it comes from the expected
 * window and origin, has this protocol version, and has exactly the shape below. No message contains a credential or a
 * token.
 */

import { isTheme, type Theme } from "./theme.ts";

export const PROTOCOL_VERSION = 1;

const HUB = "patchbay-hub";

/** The account that was linked or saved, as the host page receives it. */
export interface LinkedAccount {
  id: string;
  provider: string;
}

interface FromHub {
  source: typeof HUB;
  version: typeof PROTOCOL_VERSION;
}

export type HubMessage = FromHub &
  (
    | { type: "ready" }
    | { type: "resize"; height: number }
    | { type: "success"; account: LinkedAccount }
    | { type: "cancel" }
    | { type: "close" }
  );

/** The message that hosts of the older component expect; sent after `success`. */
export interface AccountConnectedMessage {
  type: "AccountConnected";
  account: LinkedAccount;
}

/** The options that the host page can set. */
export interface InitOptions {
  theme?: Theme;
  accountId?: string;
  showFooterLinks?: boolean;
  closeLabel?: string;
}

export type InitMessage = InitOptions & {
  target: typeof HUB;
  version: typeof PROTOCOL_VERSION;
  type: "init";
};

const fromHub: FromHub = { source: HUB, version: PROTOCOL_VERSION };

export const readyMessage = (): HubMessage => ({ ...fromHub, type: "ready" });
export const resizeMessage = (height: number): HubMessage => ({
  ...fromHub,
  type: "resize",
  height: Math.ceil(height),
});
export const successMessage = (account: LinkedAccount): HubMessage => ({
  ...fromHub,
  type: "success",
  account: { id: account.id, provider: account.provider },
});
export const cancelMessage = (): HubMessage => ({ ...fromHub, type: "cancel" });
export const closeMessage = (): HubMessage => ({ ...fromHub, type: "close" });
export const accountConnectedMessage = (account: LinkedAccount): AccountConnectedMessage => ({
  type: "AccountConnected",
  account: { id: account.id, provider: account.provider },
});
export const initMessage = (options: InitOptions): InitMessage => ({
  ...options,
  target: HUB,
  version: PROTOCOL_VERSION,
  type: "init",
});

/** Limits that keep a malicious or faulty frame from stretching the page around it. */
const MAX_HEIGHT_PX = 20_000;
const MAX_TEXT_LENGTH = 200;
const MAX_LABEL_LENGTH = 60;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT_LENGTH;

function parseAccount(value: unknown): LinkedAccount | null {
  if (!isRecord(value) || !isText(value.id) || !isText(value.provider)) return null;
  return { id: value.id, provider: value.provider };
}

/** Parses a message of the Hub; null for anything that is not a message of this version. */
export function parseHubMessage(data: unknown): HubMessage | null {
  if (!isRecord(data) || data.source !== HUB || data.version !== PROTOCOL_VERSION) return null;
  switch (data.type) {
    case "ready":
    case "cancel":
    case "close":
      return { ...fromHub, type: data.type };
    case "resize": {
      const { height } = data;
      if (typeof height !== "number" || !(height >= 0 && height <= MAX_HEIGHT_PX)) return null;
      return resizeMessage(height);
    }
    case "success": {
      const account = parseAccount(data.account);
      return account && successMessage(account);
    }
    default:
      return null;
  }
}

/**
 * Parses the host's `init` message. One member of the wrong type makes the whole message invalid, so that a mistake is
 * noticed instead of applying only some options.
 */
export function parseInitMessage(data: unknown): InitMessage | null {
  if (!isRecord(data) || data.target !== HUB || data.version !== PROTOCOL_VERSION || data.type !== "init") {
    return null;
  }
  const { theme, accountId, showFooterLinks, closeLabel } = data;
  const options: InitOptions = {};
  if (theme !== undefined) {
    if (!isTheme(theme)) return null;
    options.theme = theme;
  }
  if (accountId !== undefined) {
    if (!isText(accountId)) return null;
    options.accountId = accountId;
  }
  if (showFooterLinks !== undefined) {
    if (typeof showFooterLinks !== "boolean") return null;
    options.showFooterLinks = showFooterLinks;
  }
  if (closeLabel !== undefined) {
    if (typeof closeLabel !== "string" || closeLabel.length > MAX_LABEL_LENGTH) return null;
    options.closeLabel = closeLabel;
  }
  return initMessage(options);
}

/** The other side: its window and its exact origin. */
export interface Peer {
  window: unknown;
  origin: string;
}

type ReceivedEvent = Pick<MessageEvent, "data" | "origin" | "source">;

const comesFrom = (event: ReceivedEvent, peer: Peer): boolean =>
  event.source !== null && event.source === peer.window && event.origin === peer.origin;

/** For the host page: the peer is the iframe's `contentWindow` and the origin of the base URL. */
export const receiveFromHub = (event: ReceivedEvent, hub: Peer): HubMessage | null =>
  comesFrom(event, hub) ? parseHubMessage(event.data) : null;

/** For the Hub page: the peer is `window.parent` and the origin in the frame's address. */
export const receiveFromHost = (event: ReceivedEvent, host: Peer): InitMessage | null =>
  comesFrom(event, host) ? parseInitMessage(event.data) : null;

/**
 * Parses an origin such as `https://app.example.com`. Returns null for anything that contains more than an origin (a
 * path, credentials), for opaque origins (`null`) and for other schemes, since `postMessage` must never fall back to
 * `*`.
 */
export function parseOrigin(text: string | null | undefined): string | null {
  if (!text) return null;
  try {
    const url = new URL(text);
    const web = url.protocol === "https:" || url.protocol === "http:";
    return web && (text === url.origin || text === `${url.origin}/`) ? url.origin : null;
  } catch {
    return null;
  }
}
