/**
 * `<PatchbayHub>` for React 18 and 19. A thin cover over the element: what React hands over becomes
 * properties, what the element tells becomes calls of the newest handlers. Renders an empty tag on a
 * server; the Hub opens once the page lives.
 */

import type { LinkedAccount } from "@patchbay/web-shared/messages.ts";
import type { Theme } from "@patchbay/web-shared/theme.ts";
import { type CSSProperties, createElement, type ReactElement, useEffect, useRef } from "react";
import { definePatchbayHub, type PatchbayHubElement, TAG } from "./element.ts";
import type { Problem } from "./options.ts";

definePatchbayHub();

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

export function PatchbayHub(props: PatchbayHubProps): ReactElement {
  const { token, baseUrl, theme, height, accountId, closeLabel, showFooterLinks, label } = props;
  const { className, style, id } = props;
  const element = useRef<PatchbayHubElement>(null);
  const newest = useRef(props);

  useEffect(() => {
    newest.current = props;
  });

  // Before the properties below, so that no event comes too early to be heard.
  useEffect(() => {
    const hub = element.current;
    return hub ? listen(hub, newest) : undefined;
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

  // React 18 hands a custom element its `class` only under that name; 19 takes it as well.
  return createElement(TAG, { ref: element, class: className, style, id });
}

function listen(hub: PatchbayHubElement, newest: { readonly current: PatchbayHubProps }): () => void {
  const stop = new AbortController();
  const on = <Detail>(type: string, call: (props: PatchbayHubProps, detail: Detail) => void): void => {
    hub.addEventListener(type, (event) => call(newest.current, (event as CustomEvent<Detail>).detail), {
      signal: stop.signal,
    });
  };
  on("ready", ({ onReady }) => onReady?.());
  on<LinkedAccount>("success", ({ onSuccess }, account) => onSuccess?.(account));
  on("cancel", ({ onCancel }) => onCancel?.());
  on("close", ({ onClose }) => onClose?.());
  on<Problem>("error", ({ onError }, problem) => onError?.(problem));
  return () => stop.abort();
}
