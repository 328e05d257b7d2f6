/**
 * What the element can be told, read from its attributes and checked. Everything here works without a
 * browser, so that a page rendered on a server may import the package.
 */
export declare const ATTRIBUTES: readonly ["token", "base-url", "theme", "height", "account-id", "close-label", "show-footer-links", "label"];
export type Attribute = (typeof ATTRIBUTES)[number];
/** The name that a screen reader gives the frame, where the host chose none. */
export declare const DEFAULT_LABEL = "Connect an account";
/** With `height="auto"` the frame is never lower than this, so that the page jumps less as it loads. */
export declare const MIN_AUTO_HEIGHT = 480;
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
export declare function targetOf({ token, baseUrl, pageOrigin }: Wanted): Target | Problem;
export declare const isProblem: (value: Target | Problem) => value is Problem;
/** What a host must allow when nothing came: said in the page and in the `error` event. */
export declare const unreachable: (server: string, pageOrigins: readonly string[], seconds: number) => Problem;
/** The member of the session's request that lets these origins frame the Hub. */
export declare const allowedOrigins: (origins: readonly string[]) => string;
/** A CSS length for the frame, or null for `auto`. A bare number is pixels; nonsense counts as `auto`. */
export declare function fixedHeight(text: string | null): string | null;
/** An attribute that is on unless it says otherwise. */
export declare const isOn: (text: string | null) => boolean;
export {};
