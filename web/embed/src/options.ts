/**
 * What the element can be told, read from its attributes and checked. Everything here works without a
 * browser, so that a page rendered on a server may import the package.
 */

import { parseOrigin } from "@patchbay/web-shared/messages.ts";

export const ATTRIBUTES = [
  "token",
  "base-url",
  "theme",
  "height",
  "account-id",
  "close-label",
  "show-footer-links",
  "label",
] as const;

export type Attribute = (typeof ATTRIBUTES)[number];

/** The name that a screen reader gives the frame, where the host chose none. */
export const DEFAULT_LABEL = "Connect an account";

/** With `height="auto"` the frame is never lower than this, so that the page jumps less as it loads. */
export const MIN_AUTO_HEIGHT = 480;

/** Where the Hub is: the address of the frame, and the one origin that it may speak from. */
export interface Target {
  address: string;
  origin: string;
}

/** Why no frame can be opened; the codes are part of the package's interface. */
export type ProblemCode = "missing-base-url" | "invalid-base-url" | "page-without-origin" | "unreachable";

export interface Problem {
  code: ProblemCode;
  message: string;
}

interface Wanted {
  token: string;
  /** As the host wrote it, or where the script came from; null when neither is known. */
  baseUrl: string | null;
  /** The origin of the page that the element stands in. */
  pageOrigin: string;
}

/** The address of the Hub for this session, or what keeps it from having one. */
export function targetOf({ token, baseUrl, pageOrigin }: Wanted): Target | Problem {
  if (!baseUrl) {
    return {
      code: "missing-base-url",
      message: "The Hub needs the address of your Patchbay server: set base-url (in React: baseUrl).",
    };
  }
  if (parseOrigin(pageOrigin) === null) {
    return {
      code: "page-without-origin",
      message:
        "The Hub works only in a page with a web address. Serve this page over http or https; a file or a " +
        "sandboxed frame without allow-same-origin cannot be told apart from any other.",
    };
  }
  const base = webAddress(baseUrl);
  if (base === null) {
    return {
      code: "invalid-base-url",
      message: `The Hub's base URL "${baseUrl}" is not a web address. It looks like https://patchbay.example.com.`,
    };
  }
  const url = new URL(`${base.href.replace(/\/+$/, "")}/embedded/integrations`);
  url.searchParams.set("token", token);
  url.searchParams.set("origin", pageOrigin);
  return { address: url.href, origin: base.origin };
}

export const isProblem = (value: Target | Problem): value is Problem => "code" in value;

/** An http(s) address without what only misleads: credentials, query and fragment. */
function webAddress(text: string): URL | null {
  try {
    const url = new URL(text.trim());
    if (url.protocol !== "https:" && url.protocol !== "http:") return null;
    if (url.username !== "" || url.password !== "") return null;
    url.search = "";
    url.hash = "";
    return url;
  } catch {
    return null;
  }
}

/** What a host must allow when nothing came: said in the page and in the `error` event. */
export const unreachable = (server: string, pageOrigins: readonly string[], seconds: number): Problem => ({
  code: "unreachable",
  message:
    `The Hub did not open: nothing came from ${server} within ${seconds} seconds. Either the session does ` +
    `not allow this page (make it with ${allowedOrigins(pageOrigins)}), or the server cannot be reached.`,
});

/** The member of the session's request that lets these origins frame the Hub. */
export const allowedOrigins = (origins: readonly string[]): string =>
  `"allowed_origins": [${origins.map((origin) => JSON.stringify(origin)).join(", ")}]`;

const LENGTH = /^(?:100%|\d+(?:\.\d+)?(?:px|rem|em|vh|dvh|svh|lvh))$/;

/** A CSS length for the frame, or null for `auto`. A bare number is pixels; nonsense counts as `auto`. */
export function fixedHeight(text: string | null): string | null {
  const value = text?.trim() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(value)) return `${value}px`;
  return LENGTH.test(value) ? value : null;
}

/** An attribute that is on unless it says otherwise. */
export const isOn = (text: string | null): boolean => text !== "false" && text !== "0" && text !== "no";
