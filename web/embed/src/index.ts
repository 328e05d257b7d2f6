/** `@patchbay/hub`: importing it registers `<patchbay-hub>` in a browser, and does nothing elsewhere. */

import { definePatchbayHub, type PatchbayHubElement, type PatchbayHubEventMap } from "./element.ts";

definePatchbayHub();

export type { LinkedAccount } from "@patchbay/web-shared/hostMessages.ts";
export type { Theme, ThemeName, ThemeOverrides } from "@patchbay/web-shared/theme.ts";
export { definePatchbayHub, PatchbayHubElement, type PatchbayHubEventMap } from "./element.ts";
export type { Problem, ProblemCode } from "./options.ts";

/** The element as `document.querySelector` returns it, with typed events. */
export interface TypedPatchbayHubElement extends PatchbayHubElement {
  addEventListener<Type extends keyof PatchbayHubEventMap>(
    type: Type,
    listener: (event: PatchbayHubEventMap[Type]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "patchbay-hub": TypedPatchbayHubElement;
  }
}
