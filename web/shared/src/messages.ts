/**
 * The messages between the Hub page (inside a frame) and the page that hosts it.
 *
 * Both sides build and read them with this file alone. Readers trust nothing: a message counts only when
 * it comes from the window and the origin that the reader names, carries this version, and has exactly
 * the shape below. No message carries a credential or a token.
 */

import { isTheme, type Theme } from "./theme.ts";

export const PROTOCOL_VERSION = 1;

const HUB = "patchbay-hub";

/** The account that was linked or saved, as the host page gets it. */
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

/** What hosts of the older component listen for; sent after `success`. */
export interface AccountConnectedMessage {
  type: "AccountConnected";
  account: LinkedAccount;
}

/** What the host page may tell the Hub. */
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

/** Bounds that keep a hostile or mistaken frame from stretching the page around it. */
const MAX_HEIGHT = 20_000;
const MAX_TEXT = 200;
const MAX_LABEL = 60;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT;

function parseAccount(value: unknown): LinkedAccount | null {
  if (!isRecord(value) || !isText(value.id) || !isText(value.provider)) return null;
  return { id: value.id, provider: value.provider };
}

/** Reads what the Hub said; null for anything that is not a message of this version. */
export function parseHubMessage(data: unknown): HubMessage | null {
  if (!isRecord(data) || data.source !== HUB || data.version !== PROTOCOL_VERSION) return null;
  switch (data.type) {
    case "ready":
    case "cancel":
    case "close":
      return { ...fromHub, type: data.type };
    case "resize": {
      const { height } = data;
      if (typeof height !== "number" || !(height >= 0 && height <= MAX_HEIGHT)) return null;
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
 * Reads the host's `init`. A member of the wrong kind makes the whole message invalid: a host that
 * misspells must notice, not get half of what it asked for.
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
    if (typeof closeLabel !== "string" || closeLabel.length > MAX_LABEL) return null;
    options.closeLabel = closeLabel;
  }
  return initMessage(options);
}

/** Who the other side is: its window and its exact origin. */
export interface Peer {
  window: unknown;
  origin: string;
}

type Received = Pick<MessageEvent, "data" | "origin" | "source">;

const comesFrom = (event: Received, peer: Peer): boolean =>
  event.source !== null && event.source === peer.window && event.origin === peer.origin;

/** For the host page: the peer is its own iframe's `contentWindow` and the origin of the base URL. */
export const receiveFromHub = (event: Received, hub: Peer): HubMessage | null =>
  comesFrom(event, hub) ? parseHubMessage(event.data) : null;

/** For the Hub page: the peer is `window.parent` and the origin that the frame's address names. */
export const receiveFromHost = (event: Received, host: Peer): InitMessage | null =>
  comesFrom(event, host) ? parseInitMessage(event.data) : null;

/**
 * Reads an origin such as `https://app.example.com`. Null for anything that is more than an origin (a
 * path, credentials), opaque (`null`) or not of the web, since `postMessage` must never fall back to `*`.
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
