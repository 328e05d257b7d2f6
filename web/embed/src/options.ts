/**
 * The element's options, parsed from its attributes and validated. Everything here works without a browser, so that a
 * page rendered on a server can import the package.
 */

import { parseOrigin } from "@patchbay/web-shared/hostMessages.ts";

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

/** The default name of the frame for screen readers. */
export const DEFAULT_LABEL = "Connect an account";

/** The minimum height with `height="auto"`, so that the page moves less while the Hub loads. */
export const MIN_AUTO_HEIGHT_PX = 480;

/** The address of the frame, and the only origin that its messages may come from. */
export interface HubTarget {
  address: string;
  origin: string;
}

/** Why the frame cannot be opened. The codes are part of the package's API. */
export type ProblemCode = "missing-base-url" | "invalid-base-url" | "page-without-origin" | "unreachable";

export interface Problem {
  code: ProblemCode;
  message: string;
}

interface TargetOptions {
  token: string;
  /** The `base-url` attribute or the script's server; null if neither is known. */
  baseUrl: string | null;
  /** The origin of the page that contains the element. */
  pageOrigin: string;
}

/** Returns the address of the Hub for a session, or the problem that prevents opening it. */
export function resolveTarget({ token, baseUrl, pageOrigin }: TargetOptions): HubTarget | Problem {
  if (!baseUrl) {
    return {
      code: "missing-base-url",
      message: "The Hub needs the URL of your Patchbay server. Set base-url (in React: baseUrl).",
    };
  }
  if (parseOrigin(pageOrigin) === null) {
    return {
      code: "page-without-origin",
      message:
        "The Hub works only in a page with an origin. Serve this page over http or https. A local file or a " +
        "sandboxed frame without allow-same-origin has no origin.",
    };
  }
  const base = webAddress(baseUrl);
  if (base === null) {
    return {
      code: "invalid-base-url",
      message: `The Hub's base URL "${baseUrl}" is not a valid URL. Use a URL such as https://patchbay.example.com.`,
    };
  }
  const url = new URL(`${base.href.replace(/\/+$/, "")}/embedded/integrations`);
  url.searchParams.set("token", token);
  url.searchParams.set("origin", pageOrigin);
  return { address: url.href, origin: base.origin };
}

export const isProblem = (value: HubTarget | Problem): value is Problem => "code" in value;

/** Parses an http(s) URL and removes its query and fragment; null if it is invalid or contains credentials. */
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

/** Returns the problem of a server that did not respond; shown in the page and in the `error` event. */
export const unreachable = (server: string, pageOrigins: readonly string[], seconds: number): Problem => ({
  code: "unreachable",
  message:
    `The Hub did not open: ${server} did not respond within ${seconds} seconds. Either the session does not ` +
    `allow this page (create it with ${allowedOrigins(pageOrigins)}), or the server is unreachable.`,
});

/** Returns the member of the session request that allows these origins to embed the Hub. */
export const allowedOrigins = (origins: readonly string[]): string =>
  `"allowed_origins": [${origins.map((origin) => JSON.stringify(origin)).join(", ")}]`;

const LENGTH = /^(?:100%|\d+(?:\.\d+)?(?:px|rem|em|vh|dvh|svh|lvh))$/;

/** Returns the frame's height as a CSS length, or null for `auto`. A number means pixels; invalid text means `auto`. */
export function fixedHeight(text: string | null): string | null {
  const value = text?.trim() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(value)) return `${value}px`;
  return LENGTH.test(value) ? value : null;
}

/** Returns whether a boolean attribute is on; it is on by default. */
export const isEnabled = (text: string | null): boolean => text !== "false" && text !== "0" && text !== "no";
