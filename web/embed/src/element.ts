/**
 * `<patchbay-hub>`: the Hub inside your page. Attributes set the session and the appearance; events report the result.
 * The Hub runs in an iframe of the Patchbay server's origin, so that your page never sees credentials.
 *
 * Events bubble and are composed: `ready`, `success` ({id, provider}), `cancel`, `close`,
 * `error` ({code, message}).
 */

import type { HubMessage, InitOptions, LinkedAccount } from "@patchbay/web-shared/hostMessages.ts";
import { parseTheme, resolveTheme, type Theme, type ThemeOverrides } from "@patchbay/web-shared/theme.ts";
import { createErrorNotice } from "./errorNotice.ts";
import { FrameConnection, READY_TIMEOUT_MS } from "./frameConnection.ts";
import {
  ATTRIBUTES,
  type Attribute,
  DEFAULT_LABEL,
  fixedHeight,
  type HubTarget,
  isEnabled,
  isProblem,
  MIN_AUTO_HEIGHT_PX,
  type Problem,
  resolveTarget,
  unreachable,
} from "./options.ts";
import { adoptStyles } from "./styles.ts";

export const TAG = "patchbay-hub";

/** The element's events and the `detail` of each. */
export interface PatchbayHubEventMap {
  ready: CustomEvent<null>;
  success: CustomEvent<LinkedAccount>;
  cancel: CustomEvent<null>;
  close: CustomEvent<null>;
  error: CustomEvent<Problem>;
}

/** Makes the module importable without a browser, where the class is never used. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

const PROPERTIES = [
  "token",
  "baseUrl",
  "theme",
  "themeObject",
  "height",
  "accountId",
  "closeLabel",
  "showFooterLinks",
  "label",
] as const;

export class PatchbayHubElement extends Base {
  static readonly observedAttributes: readonly string[] = ATTRIBUTES;

  /** The server of elements without `base-url`; the script sets it from its own URL. */
  static defaultBaseUrl: string | null = null;

  #themeObject: ThemeOverrides | null = null;
  #connection: FrameConnection | null = null;
  #contentHeight = 0;
  #isUpdateScheduled = false;
  readonly #container: HTMLElement;
  readonly #loading: HTMLElement;
  readonly #notice: HTMLElement;
  /** The message of the last `error` event, so that each problem is reported once. */
  #reportedError: string | null = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    adoptStyles(root);
    const part = (className: string, role: string | null): HTMLElement => {
      const element = this.ownerDocument.createElement("div");
      element.className = className;
      if (role !== null) element.setAttribute("role", role);
      return element;
    };
    this.#container = part("hub", null);
    this.#loading = part("loading", "status");
    this.#notice = part("notice", "alert");
    this.#notice.hidden = true;
    const label = part("visually-hidden", null);
    label.append("Loading");
    this.#loading.append(part("spinner", null), label);
    this.#container.append(this.#loading, this.#notice);
    root.append(this.#container);
  }

  /** The token of the connect session that your server created. A new token reopens the Hub. */
  get token(): string {
    return this.#text("token") ?? "";
  }
  set token(value: string | null) {
    this.#reflect("token", value);
  }

  /** The Patchbay server, for example `https://patchbay.example.com`. Default: the server of the script. */
  get baseUrl(): string {
    return this.#text("base-url") ?? PatchbayHubElement.defaultBaseUrl ?? "";
  }
  set baseUrl(value: string | null) {
    this.#reflect("base-url", value);
  }

  /** `light` (default), `dark`, `auto`, or the JSON of a partial theme. */
  get theme(): string {
    return this.#text("theme") ?? "light";
  }
  set theme(value: string | null) {
    this.#reflect("theme", value);
  }

  /** A partial theme as an object; it takes precedence over `theme`. */
  get themeObject(): ThemeOverrides | null {
    return this.#themeObject;
  }
  set themeObject(value: ThemeOverrides | null) {
    this.#themeObject = value ?? null;
    this.#scheduleUpdate();
  }

  /** `auto` (default): the height of the Hub. Otherwise a CSS length, a number of pixels, or `100%` of the parent. */
  get height(): string {
    return this.#text("height") ?? "auto";
  }
  set height(value: string | number | null) {
    this.#reflect("height", value === null ? null : String(value));
  }

  /** The ID of the linked account to edit; without it, a new account is linked. */
  get accountId(): string {
    return this.#text("account-id") ?? "";
  }
  set accountId(value: string | null) {
    this.#reflect("account-id", value);
  }

  /** The label of the button that closes the Hub. */
  get closeLabel(): string {
    return this.#text("close-label") ?? "";
  }
  set closeLabel(value: string | null) {
    this.#reflect("close-label", value);
  }

  get showFooterLinks(): boolean {
    return isEnabled(this.getAttribute("show-footer-links"));
  }
  set showFooterLinks(value: boolean | null) {
    this.#reflect("show-footer-links", value === false ? "false" : null);
  }

  /** The frame's name for screen readers. */
  get label(): string {
    return this.#text("label") ?? DEFAULT_LABEL;
  }
  set label(value: string | null) {
    this.#reflect("label", value);
  }

  /** Reopens the Hub at its first screen. */
  reload(): void {
    this.#close();
    this.#scheduleUpdate();
  }

  connectedCallback(): void {
    this.#applyEarlyProperties();
    this.#scheduleUpdate();
  }

  disconnectedCallback(): void {
    this.#close();
    this.#reportedError = null;
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (before !== after) this.#scheduleUpdate();
  }

  #text(name: Attribute): string | null {
    return this.getAttribute(name) || null;
  }

  #reflect(name: Attribute, value: string | null | undefined): void {
    if (value === null || value === undefined || value === "") this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  /** Properties set before the element was defined hide its accessors; they are set again through the accessors. */
  #applyEarlyProperties(): void {
    const own = this as unknown as Record<string, unknown>;
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(own, name)) continue;
      const value = own[name];
      delete own[name];
      own[name] = value;
    }
  }

  /** Combines several changes into one update, so that a new token and a new server load once. */
  #scheduleUpdate(): void {
    if (this.#isUpdateScheduled) return;
    this.#isUpdateScheduled = true;
    queueMicrotask(() => {
      this.#isUpdateScheduled = false;
      if (this.isConnected) this.#update();
    });
  }

  #update(): void {
    this.#applyTheme();
    const { token } = this;
    if (token === "") {
      this.#close();
      return;
    }
    const target = resolveTarget({ token, baseUrl: this.baseUrl, pageOrigin: location.origin });
    if (isProblem(target)) {
      this.#close();
      this.#showError(target, null);
      return;
    }
    if (this.#connection?.target.address !== target.address) this.#open(target);
    if (this.#connection) {
      this.#connection.configure(this.#options());
      this.#connection.iframe.title = this.label;
    }
    this.#updateHeight();
  }

  #theme(): Theme {
    return this.#themeObject ?? parseTheme(this.getAttribute("theme")) ?? "light";
  }

  #options(): InitOptions {
    const { accountId, closeLabel } = this;
    return {
      theme: this.#theme(),
      showFooterLinks: this.showFooterLinks,
      ...(accountId === "" ? {} : { accountId }),
      ...(closeLabel === "" ? {} : { closeLabel }),
    };
  }

  #open(target: HubTarget): void {
    this.#close();
    this.#reportedError = null;
    this.#connection = new FrameConnection(this.ownerDocument, target, this.#options(), {
      onMessage: (message) => this.#onMessage(message),
      onTimeout: () => this.#showError(this.#timeoutProblem(target), target),
    });
    this.#container.prepend(this.#connection.iframe);
  }

  #close(): void {
    this.#connection?.close();
    this.#connection = null;
    this.#contentHeight = 0;
    this.#setState("loading");
  }

  #onMessage(message: HubMessage): void {
    switch (message.type) {
      case "ready":
        this.#setState("ready");
        this.#emit("ready", null);
        break;
      case "resize":
        this.#contentHeight = message.height;
        this.#updateHeight();
        break;
      case "success":
        this.#emit("success", message.account);
        break;
      default:
        this.#emit(message.type, null);
    }
  }

  #timeoutProblem(target: HubTarget): Problem {
    return unreachable(target.origin, this.#pageOrigins(), READY_TIMEOUT_MS / 1000);
  }

  /** The origins of this page and of the pages around it, if it is framed itself. All must be allowed. */
  #pageOrigins(): string[] {
    return [...new Set([location.origin, ...Array.from(location.ancestorOrigins ?? [])])];
  }

  #showError(problem: Problem, target: HubTarget | null): void {
    const timeout = target && {
      server: target.origin,
      pageOrigins: this.#pageOrigins(),
      seconds: READY_TIMEOUT_MS / 1000,
    };
    this.#notice.replaceChildren(
      createErrorNotice(this.ownerDocument, { problem, timeout, onRetry: () => this.reload() }),
    );
    this.#setState("failed");
    if (this.#reportedError === problem.message) return;
    this.#reportedError = problem.message;
    this.#emit("error", problem);
  }

  #setState(state: "loading" | "ready" | "failed"): void {
    this.#container.dataset.state = state;
    this.#loading.hidden = state !== "loading";
    this.#notice.hidden = state !== "failed";
    if (state !== "failed") this.#notice.replaceChildren();
    // A frame that is not visible must not be reachable by keyboard.
    if (this.#connection) this.#connection.iframe.inert = state === "failed";
    this.#updateHeight();
  }

  #updateHeight(): void {
    const automatic = `${Math.max(MIN_AUTO_HEIGHT_PX, this.#contentHeight)}px`;
    this.#container.style.height = fixedHeight(this.getAttribute("height")) ?? automatic;
  }

  #applyTheme(): void {
    const { base, properties } = resolveTheme(this.#theme());
    const { style, dataset } = this.#container;
    const prefersDark = globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
    dataset.theme = base === "dark" || (base === "auto" && prefersDark) ? "dark" : "light";
    style.cssText = "";
    for (const [name, value] of Object.entries(properties)) style.setProperty(name, value);
  }

  #emit<Type extends keyof PatchbayHubEventMap>(
    type: Type,
    detail: PatchbayHubEventMap[Type]["detail"],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Registers the element; does nothing without a browser or if it is already registered. */
export function definePatchbayHub(): void {
  if (typeof customElements === "undefined" || customElements.get(TAG) !== undefined) return;
  customElements.define(TAG, PatchbayHubElement);
}
