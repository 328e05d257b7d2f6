/**
 * `<patchbay-hub>`: the Hub in a page of yours. Attributes say which session and how it looks; events
 * say what came of it. The Hub itself runs in an iframe of the Patchbay server's origin, so that this
 * page never sees what is typed there.
 *
 * Events bubble and are composed: `ready`, `success` ({id, provider}), `cancel`, `close`,
 * `error` ({code, message}).
 */
import type { LinkedAccount } from "@patchbay/web-shared/messages.ts";
import { type ThemeOverrides } from "@patchbay/web-shared/theme.ts";
import { type Problem } from "./options.ts";
export declare const TAG = "patchbay-hub";
/** The element's events and what each carries as `detail`. */
export interface PatchbayHubEventMap {
    ready: CustomEvent<null>;
    success: CustomEvent<LinkedAccount>;
    cancel: CustomEvent<null>;
    close: CustomEvent<null>;
    error: CustomEvent<Problem>;
}
/** Importable where there is no browser; the class is then never used. */
declare const Base: typeof HTMLElement;
export declare class PatchbayHubElement extends Base {
    #private;
    static readonly observedAttributes: readonly string[];
    /** The server that elements without `base-url` use: set by the script from its own address. */
    static defaultBaseUrl: string | null;
    constructor();
    /** The connect session's token, made by your server. Another token opens the Hub anew. */
    get token(): string;
    set token(value: string | null);
    /** The Patchbay server, such as `https://patchbay.example.com`. Default: where the script came from. */
    get baseUrl(): string;
    set baseUrl(value: string | null);
    /** `light` (default), `dark`, `auto`, or the JSON of a partial theme. */
    get theme(): string;
    set theme(value: string | null);
    /** A partial theme as an object; while it is set, `theme` does not count. */
    get themeObject(): ThemeOverrides | null;
    set themeObject(value: ThemeOverrides | null);
    /** `auto` (default): as tall as the Hub. Else a CSS length, a number of pixels, or `100%` of the box around. */
    get height(): string;
    set height(value: string | number | null);
    /** The linked account to edit; without one, a new account is linked. */
    get accountId(): string;
    set accountId(value: string | null);
    /** The words on the button that ends the visit. */
    get closeLabel(): string;
    set closeLabel(value: string | null);
    get showFooterLinks(): boolean;
    set showFooterLinks(value: boolean | null);
    /** The frame's name for screen readers. */
    get label(): string;
    set label(value: string | null);
    /** Opens the Hub anew, from its first screen. */
    reload(): void;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(_name: string, before: string | null, after: string | null): void;
}
/** Makes the tag known to the browser; without one, and the second time, it does nothing. */
export declare function definePatchbayHub(): void;
export {};
