/**
 * `<patchbay-hub>`: the Hub in a page of yours. Attributes say which session and how it looks; events
 * say what came of it. The Hub itself runs in an iframe of the Patchbay server's origin, so that this
 * page never sees what is typed there.
 *
 * Events bubble and are composed: `ready`, `success` ({id, provider}), `cancel`, `close`,
 * `error` ({code, message}).
 */

import type { HubMessage, InitOptions, LinkedAccount } from "@patchbay/web-shared/messages.ts";
import { parseTheme, resolveTheme, type Theme, type ThemeOverrides } from "@patchbay/web-shared/theme.ts";
import { noticeOf } from "./notice.ts";
import {
  ATTRIBUTES,
  type Attribute,
  DEFAULT_LABEL,
  fixedHeight,
  isOn,
  isProblem,
  MIN_AUTO_HEIGHT,
  type Problem,
  type Target,
  targetOf,
  unreachable,
} from "./options.ts";
import { adoptStyles } from "./styles.ts";
import { READY_WITHIN, Visit } from "./visit.ts";

export const TAG = "patchbay-hub";

/** The element's events and what each carries as `detail`. */
export interface PatchbayHubEventMap {
  ready: CustomEvent<null>;
  success: CustomEvent<LinkedAccount>;
  cancel: CustomEvent<null>;
  close: CustomEvent<null>;
  error: CustomEvent<Problem>;
}

/** Importable where there is no browser; the class is then never used. */
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

  /** The server that elements without `base-url` use: set by the script from its own address. */
  static defaultBaseUrl: string | null = null;

  #themeObject: ThemeOverrides | null = null;
  #visit: Visit | null = null;
  #contentHeight = 0;
  #isPlanned = false;
  readonly #stage: HTMLElement;
  readonly #waiting: HTMLElement;
  readonly #notice: HTMLElement;
  /** The problem that was last told, so that each is told once. */
  #told: string | null = null;

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
    this.#stage = part("hub", null);
    this.#waiting = part("waiting", "status");
    this.#notice = part("notice", "alert");
    this.#notice.hidden = true;
    const spoken = part("spoken", null);
    spoken.append("Loading");
    this.#waiting.append(part("spinner", null), spoken);
    this.#stage.append(this.#waiting, this.#notice);
    root.append(this.#stage);
  }

  /** The connect session's token, made by your server. Another token opens the Hub anew. */
  get token(): string {
    return this.#text("token") ?? "";
  }
  set token(value: string | null) {
    this.#reflect("token", value);
  }

  /** The Patchbay server, such as `https://patchbay.example.com`. Default: where the script came from. */
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

  /** A partial theme as an object; while it is set, `theme` does not count. */
  get themeObject(): ThemeOverrides | null {
    return this.#themeObject;
  }
  set themeObject(value: ThemeOverrides | null) {
    this.#themeObject = value ?? null;
    this.#plan();
  }

  /** `auto` (default): as tall as the Hub. Else a CSS length, a number of pixels, or `100%` of the box around. */
  get height(): string {
    return this.#text("height") ?? "auto";
  }
  set height(value: string | number | null) {
    this.#reflect("height", value === null ? null : String(value));
  }

  /** The linked account to edit; without one, a new account is linked. */
  get accountId(): string {
    return this.#text("account-id") ?? "";
  }
  set accountId(value: string | null) {
    this.#reflect("account-id", value);
  }

  /** The words on the button that ends the visit. */
  get closeLabel(): string {
    return this.#text("close-label") ?? "";
  }
  set closeLabel(value: string | null) {
    this.#reflect("close-label", value);
  }

  get showFooterLinks(): boolean {
    return isOn(this.getAttribute("show-footer-links"));
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

  /** Opens the Hub anew, from its first screen. */
  reload(): void {
    this.#leave();
    this.#plan();
  }

  connectedCallback(): void {
    this.#takeEarlyProperties();
    this.#plan();
  }

  disconnectedCallback(): void {
    this.#leave();
    this.#told = null;
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (before !== after) this.#plan();
  }

  #text(name: Attribute): string | null {
    return this.getAttribute(name) || null;
  }

  #reflect(name: Attribute, value: string | null | undefined): void {
    if (value === null || value === undefined || value === "") this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  /** Values set before the element was defined lie over its accessors; they are set again through them. */
  #takeEarlyProperties(): void {
    const own = this as unknown as Record<string, unknown>;
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(own, name)) continue;
      const value = own[name];
      delete own[name];
      own[name] = value;
    }
  }

  /** Several changes in one go become one update: a new token with a new server loads once. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (this.isConnected) this.#update();
    });
  }

  #update(): void {
    this.#paint();
    const { token } = this;
    if (token === "") {
      this.#leave();
      return;
    }
    const target = targetOf({ token, baseUrl: this.baseUrl, pageOrigin: location.origin });
    if (isProblem(target)) {
      this.#leave();
      this.#fail(target, null);
      return;
    }
    if (this.#visit?.target.address !== target.address) this.#enter(target);
    if (this.#visit) {
      this.#visit.configure(this.#options());
      this.#visit.iframe.title = this.label;
    }
    this.#fit();
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

  #enter(target: Target): void {
    this.#leave();
    this.#told = null;
    this.#visit = new Visit(this.ownerDocument, target, this.#options(), {
      onMessage: (message) => this.#hear(message),
      onSilence: () => this.#fail(this.#silence(target), target),
    });
    this.#stage.prepend(this.#visit.iframe);
  }

  #leave(): void {
    this.#visit?.end();
    this.#visit = null;
    this.#contentHeight = 0;
    this.#show("waiting");
  }

  #hear(message: HubMessage): void {
    switch (message.type) {
      case "ready":
        this.#show("ready");
        this.#tell("ready", null);
        break;
      case "resize":
        this.#contentHeight = message.height;
        this.#fit();
        break;
      case "success":
        this.#tell("success", message.account);
        break;
      default:
        this.#tell(message.type, null);
    }
  }

  #silence(target: Target): Problem {
    return unreachable(target.origin, this.#pageOrigins(), READY_WITHIN / 1000);
  }

  /** This page, and the pages around it where it is itself in a frame: the Hub must be allowed in all. */
  #pageOrigins(): string[] {
    return [...new Set([location.origin, ...Array.from(location.ancestorOrigins ?? [])])];
  }

  #fail(problem: Problem, target: Target | null): void {
    const silence = target && {
      server: target.origin,
      pageOrigins: this.#pageOrigins(),
      seconds: READY_WITHIN / 1000,
    };
    this.#notice.replaceChildren(
      noticeOf(this.ownerDocument, { problem, silence, onRetry: () => this.reload() }),
    );
    this.#show("failed");
    if (this.#told === problem.message) return;
    this.#told = problem.message;
    this.#tell("error", problem);
  }

  #show(state: "waiting" | "ready" | "failed"): void {
    this.#stage.dataset.state = state;
    this.#waiting.hidden = state !== "waiting";
    this.#notice.hidden = state !== "failed";
    if (state !== "failed") this.#notice.replaceChildren();
    // What cannot be seen must not be reached with the keyboard either.
    if (this.#visit) this.#visit.iframe.inert = state === "failed";
    this.#fit();
  }

  #fit(): void {
    const automatic = `${Math.max(MIN_AUTO_HEIGHT, this.#contentHeight)}px`;
    this.#stage.style.height = fixedHeight(this.getAttribute("height")) ?? automatic;
  }

  #paint(): void {
    const { base, properties } = resolveTheme(this.#theme());
    const { style, dataset } = this.#stage;
    const prefersDark = globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
    dataset.theme = base === "dark" || (base === "auto" && prefersDark) ? "dark" : "light";
    style.cssText = "";
    for (const [name, value] of Object.entries(properties)) style.setProperty(name, value);
  }

  #tell<Type extends keyof PatchbayHubEventMap>(
    type: Type,
    detail: PatchbayHubEventMap[Type]["detail"],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Makes the tag known to the browser; without one, and the second time, it does nothing. */
export function definePatchbayHub(): void {
  if (typeof customElements === "undefined" || customElements.get(TAG) !== undefined) return;
  customElements.define(TAG, PatchbayHubElement);
}
