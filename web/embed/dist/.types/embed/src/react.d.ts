/**
 * `<PatchbayHub>` for React 18 and 19. A thin cover over the element: what React hands over becomes
 * properties, what the element tells becomes calls of the newest handlers. Renders an empty tag on a
 * server; the Hub opens once the page lives.
 */
import type { LinkedAccount } from "@patchbay/web-shared/messages.ts";
import type { Theme } from "@patchbay/web-shared/theme.ts";
import { type CSSProperties, type ReactElement } from "react";
import type { Problem } from "./options.ts";
export type { LinkedAccount } from "@patchbay/web-shared/messages.ts";
export type { Theme, ThemeName, ThemeOverrides } from "@patchbay/web-shared/theme.ts";
export type { Problem, ProblemCode } from "./options.ts";
export interface PatchbayHubProps {
    /** The connect session's token, made by your server. Nothing opens before there is one. */
    token: string | null | undefined;
    /** The Patchbay server, such as `https://patchbay.example.com`. */
    baseUrl: string;
    /** `light` (default), `dark`, `auto`, or a partial theme. */
    theme?: Theme | undefined;
    /** `auto` (default), a CSS length, or a number of pixels. */
    height?: string | number | undefined;
    /** The linked account to edit. */
    accountId?: string | undefined;
    /** The words on the button that ends the visit. */
    closeLabel?: string | undefined;
    /** Default: true. */
    showFooterLinks?: boolean | undefined;
    /** The frame's name for screen readers. */
    label?: string | undefined;
    className?: string | undefined;
    style?: CSSProperties | undefined;
    id?: string | undefined;
    onReady?: (() => void) | undefined;
    /** An account was linked, or an edited one saved. */
    onSuccess?: ((account: LinkedAccount) => void) | undefined;
    /** The reader gave up. */
    onCancel?: (() => void) | undefined;
    /** The reader is done. */
    onClose?: (() => void) | undefined;
    /** The Hub could not open; the element shows why. */
    onError?: ((problem: Problem) => void) | undefined;
}
export declare function PatchbayHub(props: PatchbayHubProps): ReactElement;
