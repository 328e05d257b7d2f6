/**
 * `<PatchbayHub>` for React 18 and 19: a thin wrapper around the element. Props become properties, and events call the
 * latest handlers. On a server it renders an empty element; the Hub opens after hydration.
 */

import type { LinkedAccount } from "@patchbay/web-shared/hostMessages.ts";
import type { Theme } from "@patchbay/web-shared/theme.ts";
import { type CSSProperties, createElement, type ReactElement, useEffect, useRef } from "react";
import { definePatchbayHub, type PatchbayHubElement, TAG } from "./element.ts";
import type { Problem } from "./options.ts";

definePatchbayHub();

export type { LinkedAccount } from "@patchbay/web-shared/hostMessages.ts";
export type { Theme, ThemeName, ThemeOverrides } from "@patchbay/web-shared/theme.ts";
export type { Problem, ProblemCode } from "./options.ts";

export interface PatchbayHubProps {
  /** The token of the connect session that your server created. The Hub opens when it is set. */
  token: string | null | undefined;
  /** The Patchbay server, for example `https://patchbay.example.com`. */
  baseUrl: string;
  /** `light` (default), `dark`, `auto`, or a partial theme. */
  theme?: Theme | undefined;
  /** `auto` (default), a CSS length, or a number of pixels. */
  height?: string | number | undefined;
  /** The ID of the linked account to edit. */
  accountId?: string | undefined;
  /** The label of the button that closes the Hub. */
  closeLabel?: string | undefined;
  /** Default: true. */
  showFooterLinks?: boolean | undefined;
  /** The frame's name for screen readers. */
  label?: string | undefined;
  className?: string | undefined;
  style?: CSSProperties | undefined;
  id?: string | undefined;
  onReady?: (() => void) | undefined;
  /** An account was linked, or an edited account was saved. */
  onSuccess?: ((account: LinkedAccount) => void) | undefined;
  /** The user canceled. */
  onCancel?: (() => void) | undefined;
  /** The user closed the Hub after linking. */
  onClose?: (() => void) | undefined;
  /** The Hub could not open; the element shows why. */
  onError?: ((problem: Problem) => void) | undefined;
}

export function PatchbayHub(props: PatchbayHubProps): ReactElement {
  const { token, baseUrl, theme, height, accountId, closeLabel, showFooterLinks, label } = props;
  const { className, style, id } = props;
  const element = useRef<PatchbayHubElement>(null);
  const latestProps = useRef(props);

  useEffect(() => {
    latestProps.current = props;
  });

  // Registered before the properties are set, so that no event is missed.
  useEffect(() => {
    const hub = element.current;
    return hub ? addListeners(hub, latestProps) : undefined;
  }, []);

  useEffect(() => {
    const hub = element.current;
    if (!hub) return;
    hub.baseUrl = baseUrl;
    hub.height = height ?? null;
    hub.accountId = accountId ?? null;
    hub.closeLabel = closeLabel ?? null;
    hub.showFooterLinks = showFooterLinks ?? true;
    hub.label = label ?? null;
    hub.theme = typeof theme === "string" ? theme : null;
    hub.themeObject = typeof theme === "object" ? theme : null;
    hub.token = token ?? null;
  }, [token, baseUrl, theme, height, accountId, closeLabel, showFooterLinks, label]);

  // React 18 sets the class of a custom element only as `class`; React 19 accepts it as well.
  return createElement(TAG, { ref: element, class: className, style, id });
}

function addListeners(
  hub: PatchbayHubElement,
  latestProps: { readonly current: PatchbayHubProps },
): () => void {
  const abort = new AbortController();
  const on = <Detail>(type: string, call: (props: PatchbayHubProps, detail: Detail) => void): void => {
    hub.addEventListener(type, (event) => call(latestProps.current, (event as CustomEvent<Detail>).detail), {
      signal: abort.signal,
    });
  };
  on("ready", ({ onReady }) => onReady?.());
  on<LinkedAccount>("success", ({ onSuccess }, account) => onSuccess?.(account));
  on("cancel", ({ onCancel }) => onCancel?.());
  on("close", ({ onClose }) => onClose?.());
  on<Problem>("error", ({ onError }, problem) => onError?.(problem));
  return () => abort.abort();
}
