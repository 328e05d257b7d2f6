// ../shared/src/themeValues.ts
/**
* Checks of single theme values. Each takes anything and gives back CSS text that is safe to set, or
* null. They accept by grammar (what a colour or a length may look like), never by looking for bad
* characters, so that `;`, `}`, `url(` and `var(` have no way in.
*/
var MAX_VALUE = 200;
var HEX = /^#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i;
var FUNCTION = /^(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(\s*[-+.\d%]+(?:deg|turn|rad)?(?:[\s,/]+[-+.\d%]+(?:deg|turn|rad)?){2,3}\s*\)$/i;
var NAME = /^[a-z]{3,20}$/i;
/** Words that are valid wherever a colour is, and would silently undo the token. */
var WIDE = /* @__PURE__ */ new Set([
	"inherit",
	"initial",
	"unset",
	"revert",
	"none",
	"auto",
	"currentcolor"
]);
var LENGTH$1 = /^(?:0|(?:\d{1,3}(?:\.\d{1,3})?|\.\d{1,3})(?:px|rem|em))$/;
var FONT_NAME = /^[\p{L}\p{N}][\p{L}\p{N} _-]*$/u;
var asText = (value) => typeof value === "string" && value.length <= MAX_VALUE ? value.trim() : null;
/** Whether this browser reads the text as a colour; where it cannot be asked, the grammar decides. */
var browserAgrees = (text) => typeof CSS === "undefined" || typeof CSS.supports !== "function" || CSS.supports("color", text);
/** A colour: hex, a colour function with plain numbers, or a named colour. */
function asColor(value) {
	const text = asText(value);
	if (text === null) return null;
	const named = NAME.test(text) && !WIDE.has(text.toLowerCase());
	return (HEX.test(text) || FUNCTION.test(text) || named) && browserAgrees(text) ? text : null;
}
/** A length in `px`, `rem` or `em`, not negative. A bare number is read as pixels. */
function asLength(value) {
	const text = typeof value === "number" && value > 0 ? `${value}px` : asText(value);
	return text !== null && LENGTH$1.test(text) ? text : null;
}
var GENERIC = /* @__PURE__ */ new Set([
	"serif",
	"sans-serif",
	"monospace",
	"system-ui",
	"ui-serif",
	"ui-sans-serif",
	"ui-monospace",
	"ui-rounded"
]);
/** A list of font names. Each is quoted anew, except the generic families. */
function asFontFamily(value) {
	const text = asText(value);
	if (!text) return null;
	const names = [];
	for (const part of text.split(",")) {
		const name = part.trim().replace(/^(["'])(.*)\1$/, "$2");
		if (GENERIC.has(name)) names.push(name);
		else if (name === "-apple-system" || FONT_NAME.test(name)) names.push(`"${name}"`);
		else return null;
	}
	return names.join(", ");
}
function channels(hex) {
	if (!HEX.test(hex)) return null;
	const digits = hex.slice(1);
	const wide = digits.length < 6 ? [...digits].map((digit) => digit + digit).join("") : digits;
	const at = (index) => Number.parseInt(wide.slice(index, index + 2), 16) / 255;
	return [
		at(0),
		at(2),
		at(4)
	];
}
var linear = (channel) => channel <= .04045 ? channel / 12.92 : ((channel + .055) / 1.055) ** 2.4;
/** White or near-black, whichever stands out more on a hex colour; white where it is not hex. */
function readableOn(background) {
	const rgb = channels(background);
	if (!rgb) return "#ffffff";
	const [red, green, blue] = rgb;
	const luminance = .2126 * linear(red) + .7152 * linear(green) + .0722 * linear(blue);
	return 1.05 / (luminance + .05) >= (luminance + .05) / (.0088 + .05) ? "#ffffff" : "#0f172a";
}
// ../shared/src/theme.ts
/**
* Themes: a name (`light`, `dark`, `auto`) or a partial theme laid over one of them.
*
* A partial theme comes from a page that we do not control, so nothing of it reaches a style sheet as
* text: each known member is checked to be a colour, a length or a list of font names, and becomes one
* custom property of `tokens.css`. Unknown members and values that fail are left out, and the base's
* value stays: that is the merge.
*/
/** Member path → its check and the custom property that it sets. The whole vocabulary of a theme. */
var MEMBERS = [
	[
		"colors.page.background",
		asColor,
		"--pb-color-background"
	],
	[
		"colors.card.background",
		asColor,
		"--pb-color-surface"
	],
	[
		"colors.card.foreground",
		asColor,
		"--pb-color-text"
	],
	[
		"colors.card.border",
		asColor,
		"--pb-color-border"
	],
	[
		"colors.card.dimmedBackground",
		asColor,
		"--pb-color-raised"
	],
	[
		"colors.card.sunkenBackground",
		asColor,
		"--pb-color-sunken"
	],
	[
		"colors.text.primary",
		asColor,
		"--pb-color-text"
	],
	[
		"colors.text.secondary",
		asColor,
		"--pb-color-text-muted"
	],
	[
		"colors.text.subtle",
		asColor,
		"--pb-color-text-subtle"
	],
	[
		"colors.text.link",
		asColor,
		"--pb-color-link"
	],
	[
		"colors.primary.background",
		asColor,
		"--pb-color-primary"
	],
	[
		"colors.primary.foreground",
		asColor,
		"--pb-color-on-primary"
	],
	[
		"colors.control.background",
		asColor,
		"--pb-color-control"
	],
	[
		"colors.control.border",
		asColor,
		"--pb-color-control-border"
	],
	[
		"colors.success.background",
		asColor,
		"--pb-color-success-soft"
	],
	[
		"colors.success.foreground",
		asColor,
		"--pb-color-success-text"
	],
	[
		"colors.success.border",
		asColor,
		"--pb-color-success-border"
	],
	[
		"colors.warning.background",
		asColor,
		"--pb-color-warning-soft"
	],
	[
		"colors.warning.foreground",
		asColor,
		"--pb-color-warning-text"
	],
	[
		"colors.warning.border",
		asColor,
		"--pb-color-warning-border"
	],
	[
		"colors.error.background",
		asColor,
		"--pb-color-danger-soft"
	],
	[
		"colors.error.foreground",
		asColor,
		"--pb-color-danger-text"
	],
	[
		"colors.error.border",
		asColor,
		"--pb-color-danger-border"
	],
	[
		"colors.destructive.background",
		asColor,
		"--pb-color-danger"
	],
	[
		"colors.destructive.foreground",
		asColor,
		"--pb-color-on-danger"
	],
	[
		"radius.xs",
		asLength,
		"--pb-radius-xs"
	],
	[
		"radius.sm",
		asLength,
		"--pb-radius-sm"
	],
	[
		"radius.md",
		asLength,
		"--pb-radius-md"
	],
	[
		"radius.lg",
		asLength,
		"--pb-radius-lg"
	],
	[
		"radius.xl",
		asLength,
		"--pb-radius-xl"
	],
	[
		"fontSizes.xsmall",
		asLength,
		"--pb-font-size-xs"
	],
	[
		"fontSizes.small",
		asLength,
		"--pb-font-size-sm"
	],
	[
		"fontSizes.medium",
		asLength,
		"--pb-font-size-md"
	],
	[
		"fontSizes.large",
		asLength,
		"--pb-font-size-lg"
	],
	[
		"fontSizes.xlarge",
		asLength,
		"--pb-font-size-xl"
	],
	[
		"fontSizes.xxlarge",
		asLength,
		"--pb-font-size-xxl"
	],
	[
		"controlHeights.small",
		asLength,
		"--pb-control-height-sm"
	],
	[
		"controlHeights.medium",
		asLength,
		"--pb-control-height-md"
	],
	[
		"controlHeights.large",
		asLength,
		"--pb-control-height-lg"
	],
	[
		"fontFamily",
		asFontFamily,
		"--pb-font-family"
	]
];
var isRecord$1 = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
var isThemeName = (value) => value === "light" || value === "dark" || value === "auto";
/** Whether the value has the outer shape of a theme. Its members are checked when it is resolved. */
var isTheme = (value) => isThemeName(value) || isRecord$1(value);
/** Reads a theme from an attribute or an address: a name, or the JSON of a partial theme. */
function parseTheme(text) {
	if (!text) return null;
	if (isThemeName(text)) return text;
	try {
		const value = JSON.parse(text);
		return isTheme(value) ? value : null;
	} catch {
		return null;
	}
}
/** The own member at a dotted path; inherited members (`constructor`) do not count. */
function memberAt(value, path) {
	let current = value;
	for (const key of path.split(".")) {
		if (!isRecord$1(current) || !Object.hasOwn(current, key)) return void 0;
		current = current[key];
	}
	return current;
}
function resolveTheme(theme) {
	if (isThemeName(theme)) return {
		base: theme,
		properties: {}
	};
	const properties = {};
	for (const [path, check, property] of MEMBERS) {
		const value = check(memberAt(theme, path));
		if (value !== null) properties[property] = value;
	}
	const primary = properties["--pb-color-primary"];
	if (primary !== void 0) {
		properties["--pb-color-on-primary"] ??= readableOn(primary);
		properties["--pb-color-link"] ??= primary;
	}
	return {
		base: isThemeName(theme.base) ? theme.base : "light",
		properties
	};
}
var HUB = "patchbay-hub";
var fromHub = {
	source: HUB,
	version: 1
};
var resizeMessage = (height) => ({
	...fromHub,
	type: "resize",
	height: Math.ceil(height)
});
var successMessage = (account) => ({
	...fromHub,
	type: "success",
	account: {
		id: account.id,
		provider: account.provider
	}
});
var initMessage = (options) => ({
	...options,
	target: HUB,
	version: 1,
	type: "init"
});
/** Bounds that keep a hostile or mistaken frame from stretching the page around it. */
var MAX_HEIGHT = 2e4;
var MAX_TEXT = 200;
var isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
var isText = (value) => typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT;
function parseAccount(value) {
	if (!isRecord(value) || !isText(value.id) || !isText(value.provider)) return null;
	return {
		id: value.id,
		provider: value.provider
	};
}
/** Reads what the Hub said; null for anything that is not a message of this version. */
function parseHubMessage(data) {
	if (!isRecord(data) || data.source !== HUB || data.version !== 1) return null;
	switch (data.type) {
		case "ready":
		case "cancel":
		case "close": return {
			...fromHub,
			type: data.type
		};
		case "resize": {
			const { height } = data;
			if (typeof height !== "number" || !(height >= 0 && height <= MAX_HEIGHT)) return null;
			return resizeMessage(height);
		}
		case "success": {
			const account = parseAccount(data.account);
			return account && successMessage(account);
		}
		default: return null;
	}
}
var comesFrom = (event, peer) => event.source !== null && event.source === peer.window && event.origin === peer.origin;
/** For the host page: the peer is its own iframe's `contentWindow` and the origin of the base URL. */
var receiveFromHub = (event, hub) => comesFrom(event, hub) ? parseHubMessage(event.data) : null;
/**
* Reads an origin such as `https://app.example.com`. Null for anything that is more than an origin (a
* path, credentials), opaque (`null`) or not of the web, since `postMessage` must never fall back to `*`.
*/
function parseOrigin(text) {
	if (!text) return null;
	try {
		const url = new URL(text);
		return (url.protocol === "https:" || url.protocol === "http:") && (text === url.origin || text === `${url.origin}/`) ? url.origin : null;
	} catch {
		return null;
	}
}
// src/options.ts
/**
* What the element can be told, read from its attributes and checked. Everything here works without a
* browser, so that a page rendered on a server may import the package.
*/
var ATTRIBUTES = [
	"token",
	"base-url",
	"theme",
	"height",
	"account-id",
	"close-label",
	"show-footer-links",
	"label"
];
/** The address of the Hub for this session, or what keeps it from having one. */
function targetOf({ token, baseUrl, pageOrigin }) {
	if (!baseUrl) return {
		code: "missing-base-url",
		message: "The Hub needs the address of your Patchbay server: set base-url (in React: baseUrl)."
	};
	if (parseOrigin(pageOrigin) === null) return {
		code: "page-without-origin",
		message: "The Hub works only in a page with a web address. Serve this page over http or https; a file or a sandboxed frame without allow-same-origin cannot be told apart from any other."
	};
	const base = webAddress(baseUrl);
	if (base === null) return {
		code: "invalid-base-url",
		message: `The Hub's base URL "${baseUrl}" is not a web address. It looks like https://patchbay.example.com.`
	};
	const url = new URL(`${base.href.replace(/\/+$/, "")}/embedded/integrations`);
	url.searchParams.set("token", token);
	url.searchParams.set("origin", pageOrigin);
	return {
		address: url.href,
		origin: base.origin
	};
}
var isProblem = (value) => "code" in value;
/** An http(s) address without what only misleads: credentials, query and fragment. */
function webAddress(text) {
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
var unreachable = (server, pageOrigins, seconds) => ({
	code: "unreachable",
	message: `The Hub did not open: nothing came from ${server} within ${seconds} seconds. Either the session does not allow this page (make it with ${allowedOrigins(pageOrigins)}), or the server cannot be reached.`
});
/** The member of the session's request that lets these origins frame the Hub. */
var allowedOrigins = (origins) => `"allowed_origins": [${origins.map((origin) => JSON.stringify(origin)).join(", ")}]`;
var LENGTH = /^(?:100%|\d+(?:\.\d+)?(?:px|rem|em|vh|dvh|svh|lvh))$/;
/** A CSS length for the frame, or null for `auto`. A bare number is pixels; nonsense counts as `auto`. */
function fixedHeight(text) {
	const value = text?.trim() ?? "";
	if (/^\d+(?:\.\d+)?$/.test(value)) return `${value}px`;
	return LENGTH.test(value) ? value : null;
}
/** An attribute that is on unless it says otherwise. */
var isOn = (text) => text !== "false" && text !== "0" && text !== "no";
// src/notice.ts
/**
* The words that the element shows in place of the Hub when that cannot open. They are for whoever
* builds the page, so they say what to add and where. Built node by node: works under Trusted Types.
*/
function noticeOf(document, { problem, silence, onRetry }) {
	const make = (name, ...children) => {
		const element = document.createElement(name);
		element.append(...children);
		return element;
	};
	const title = make("p", "The Hub did not open");
	title.className = "title";
	const words = make("div", title);
	words.className = "words";
	if (silence === null) {
		words.append(make("p", problem.message));
		return words;
	}
	const { server, pageOrigins, seconds } = silence;
	const link = document.createElement("a");
	link.href = server;
	link.target = "_blank";
	link.rel = "noopener noreferrer";
	link.append(server);
	const retry = document.createElement("button");
	retry.type = "button";
	retry.append("Try again");
	retry.addEventListener("click", onRetry);
	words.append(make("p", `Nothing came from ${server} within ${seconds} seconds. That has one of two reasons:`), make("ul", make("li", `The session does not allow this page, ${pageOrigins[0] ?? "which has no origin"}. Add it where your server makes the session:`, make("code", allowedOrigins(pageOrigins))), make("li", "The server cannot be reached from this browser. See whether ", link, " opens.")), retry);
	return words;
}
// src/styles.ts
/**
* The element's own looks: the frame, the sign that it loads, and the notice when it cannot. A
* constructed style sheet, which a host's Content-Security-Policy allows where it forbids `<style>`.
*/
var CSS$1 = `
:host { display: block; }
:host([hidden]) { display: none; }
:host([height="100%"]) { height: 100%; }
.hub {
  --surface: var(--pb-color-surface, #ffffff);
  --sunken: var(--pb-color-sunken, #f1f4f9);
  --text: var(--pb-color-text, #0f172a);
  --muted: var(--pb-color-text-muted, #475569);
  --border: var(--pb-color-border, #e2e8f0);
  --outline: var(--pb-color-control-border, #8391a7);
  --accent: var(--pb-color-primary, #4f46e5);
  --link: var(--pb-color-link, #4338ca);
  position: relative;
  color-scheme: light;
  font: 14px/1.5 var(--pb-font-family, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  color: var(--text);
}
.hub[data-theme="dark"] {
  --surface: var(--pb-color-surface, #131a2b);
  --sunken: var(--pb-color-sunken, #0e1525);
  --text: var(--pb-color-text, #f1f5f9);
  --muted: var(--pb-color-text-muted, #b4c0d2);
  --border: var(--pb-color-border, #273248);
  --outline: var(--pb-color-control-border, #66758f);
  --accent: var(--pb-color-primary, #8b86ff);
  --link: var(--pb-color-link, #aba7ff);
  color-scheme: dark;
}
iframe {
  display: block;
  width: 100%;
  height: 100%;
  border: 0;
  opacity: 0;
}
.hub[data-state="ready"] iframe { opacity: 1; }
.waiting, .notice {
  position: absolute;
  inset: 0;
  display: flex;
  align-items: center;
  justify-content: center;
  padding: 24px;
  overflow: auto;
  box-sizing: border-box;
  background: var(--surface);
}
.waiting[hidden], .notice[hidden] { display: none; }
.spinner {
  width: 28px;
  height: 28px;
  border: 3px solid var(--border);
  border-top-color: var(--accent);
  border-radius: 50%;
  animation: turn 900ms linear infinite;
}
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .spinner { animation-duration: 4s; } }
.spoken {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.words { max-width: 460px; max-height: 100%; }
.title { margin: 0 0 4px; font-size: 16px; font-weight: 600; }
.words p, .words ul { margin: 0 0 12px; color: var(--muted); }
.words ul { padding-left: 20px; }
.words li { margin-bottom: 8px; }
.words code {
  display: block;
  margin: 6px 0 0;
  padding: 8px 10px;
  background: var(--sunken);
  border: 1px solid var(--border);
  border-radius: 6px;
  font: 12.5px/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  color: var(--text);
  overflow-wrap: anywhere;
  user-select: all;
}
.words a { color: var(--link); overflow-wrap: anywhere; }
.words button {
  min-height: 40px;
  padding: 0 20px;
  background: var(--surface);
  border: 1px solid var(--outline);
  border-radius: 8px;
  font: inherit;
  font-weight: 500;
  color: inherit;
  cursor: pointer;
}
.words button:hover { background: var(--sunken); }
.words :is(button, a):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
var sheet = null;
/** One sheet for all elements of the page, made when the first one needs it. */
function adoptStyles(root) {
	if (sheet === null) {
		sheet = new CSSStyleSheet();
		sheet.replaceSync(CSS$1);
	}
	root.adoptedStyleSheets = [sheet];
}
// src/visit.ts
/**
* One visit to the Hub: an iframe, and the conversation with it. It hears that frame and that origin
* alone and answers no other, so that several Hubs on one page, and whatever else posts messages there,
* do not disturb each other. Nothing typed into the frame comes out of it.
*/
/** How long the Hub may take to say that it is there. */
var READY_WITHIN = 1e4;
/** What the Hub needs to work, and no more: no navigation of the page around it, no modal dialogs. */
var SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox";
var Visit = class {
	iframe;
	target;
	#events;
	#timer;
	#isReady = false;
	#options;
	/** Starts the visit. The caller puts `iframe` into the page and later calls `end`. */
	constructor(document, target, options, events) {
		this.target = target;
		this.#events = events;
		this.#options = options;
		this.iframe = document.createElement("iframe");
		this.iframe.setAttribute("sandbox", SANDBOX);
		this.iframe.setAttribute("allow", "clipboard-write");
		this.iframe.setAttribute("referrerpolicy", "no-referrer");
		this.iframe.src = target.address;
		globalThis.addEventListener("message", this.#hear);
		this.#timer = setTimeout(() => events.onSilence(), READY_WITHIN);
	}
	get isReady() {
		return this.#isReady;
	}
	/** Tells the Hub what it should look like; again, when that has changed. */
	configure(options) {
		if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
		this.#options = options;
		if (this.#isReady) this.#sendOptions();
	}
	end() {
		clearTimeout(this.#timer);
		globalThis.removeEventListener("message", this.#hear);
		this.iframe.remove();
	}
	#hear = (event) => {
		const { contentWindow } = this.iframe;
		if (contentWindow === null) return;
		const message = receiveFromHub(event, {
			window: contentWindow,
			origin: this.target.origin
		});
		if (message === null) return;
		if (message.type === "ready") {
			clearTimeout(this.#timer);
			this.#isReady = true;
			this.#sendOptions();
		}
		this.#events.onMessage(message);
	};
	#sendOptions() {
		this.iframe.contentWindow?.postMessage(initMessage(this.#options), this.target.origin);
	}
};
// src/element.ts
var TAG = "patchbay-hub";
/** Importable where there is no browser; the class is then never used. */
var Base = globalThis.HTMLElement ?? class {};
var PROPERTIES = [
	"token",
	"baseUrl",
	"theme",
	"themeObject",
	"height",
	"accountId",
	"closeLabel",
	"showFooterLinks",
	"label"
];
var PatchbayHubElement = class PatchbayHubElement extends Base {
	static observedAttributes = ATTRIBUTES;
	/** The server that elements without `base-url` use: set by the script from its own address. */
	static defaultBaseUrl = null;
	#themeObject = null;
	#visit = null;
	#contentHeight = 0;
	#isPlanned = false;
	#stage;
	#waiting;
	#notice;
	/** The problem that was last told, so that each is told once. */
	#told = null;
	constructor() {
		super();
		const root = this.attachShadow({ mode: "open" });
		adoptStyles(root);
		const part = (className, role) => {
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
	get token() {
		return this.#text("token") ?? "";
	}
	set token(value) {
		this.#reflect("token", value);
	}
	/** The Patchbay server, such as `https://patchbay.example.com`. Default: where the script came from. */
	get baseUrl() {
		return this.#text("base-url") ?? PatchbayHubElement.defaultBaseUrl ?? "";
	}
	set baseUrl(value) {
		this.#reflect("base-url", value);
	}
	/** `light` (default), `dark`, `auto`, or the JSON of a partial theme. */
	get theme() {
		return this.#text("theme") ?? "light";
	}
	set theme(value) {
		this.#reflect("theme", value);
	}
	/** A partial theme as an object; while it is set, `theme` does not count. */
	get themeObject() {
		return this.#themeObject;
	}
	set themeObject(value) {
		this.#themeObject = value ?? null;
		this.#plan();
	}
	/** `auto` (default): as tall as the Hub. Else a CSS length, a number of pixels, or `100%` of the box around. */
	get height() {
		return this.#text("height") ?? "auto";
	}
	set height(value) {
		this.#reflect("height", value === null ? null : String(value));
	}
	/** The linked account to edit; without one, a new account is linked. */
	get accountId() {
		return this.#text("account-id") ?? "";
	}
	set accountId(value) {
		this.#reflect("account-id", value);
	}
	/** The words on the button that ends the visit. */
	get closeLabel() {
		return this.#text("close-label") ?? "";
	}
	set closeLabel(value) {
		this.#reflect("close-label", value);
	}
	get showFooterLinks() {
		return isOn(this.getAttribute("show-footer-links"));
	}
	set showFooterLinks(value) {
		this.#reflect("show-footer-links", value === false ? "false" : null);
	}
	/** The frame's name for screen readers. */
	get label() {
		return this.#text("label") ?? "Connect an account";
	}
	set label(value) {
		this.#reflect("label", value);
	}
	/** Opens the Hub anew, from its first screen. */
	reload() {
		this.#leave();
		this.#plan();
	}
	connectedCallback() {
		this.#takeEarlyProperties();
		this.#plan();
	}
	disconnectedCallback() {
		this.#leave();
		this.#told = null;
	}
	attributeChangedCallback(_name, before, after) {
		if (before !== after) this.#plan();
	}
	#text(name) {
		return this.getAttribute(name) || null;
	}
	#reflect(name, value) {
		if (value === null || value === void 0 || value === "") this.removeAttribute(name);
		else this.setAttribute(name, value);
	}
	/** Values set before the element was defined lie over its accessors; they are set again through them. */
	#takeEarlyProperties() {
		const own = this;
		for (const name of PROPERTIES) {
			if (!Object.hasOwn(own, name)) continue;
			const value = own[name];
			delete own[name];
			own[name] = value;
		}
	}
	/** Several changes in one go become one update: a new token with a new server loads once. */
	#plan() {
		if (this.#isPlanned) return;
		this.#isPlanned = true;
		queueMicrotask(() => {
			this.#isPlanned = false;
			if (this.isConnected) this.#update();
		});
	}
	#update() {
		this.#paint();
		const { token } = this;
		if (token === "") {
			this.#leave();
			return;
		}
		const target = targetOf({
			token,
			baseUrl: this.baseUrl,
			pageOrigin: location.origin
		});
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
	#theme() {
		return this.#themeObject ?? parseTheme(this.getAttribute("theme")) ?? "light";
	}
	#options() {
		const { accountId, closeLabel } = this;
		return {
			theme: this.#theme(),
			showFooterLinks: this.showFooterLinks,
			...accountId === "" ? {} : { accountId },
			...closeLabel === "" ? {} : { closeLabel }
		};
	}
	#enter(target) {
		this.#leave();
		this.#told = null;
		this.#visit = new Visit(this.ownerDocument, target, this.#options(), {
			onMessage: (message) => this.#hear(message),
			onSilence: () => this.#fail(this.#silence(target), target)
		});
		this.#stage.prepend(this.#visit.iframe);
	}
	#leave() {
		this.#visit?.end();
		this.#visit = null;
		this.#contentHeight = 0;
		this.#show("waiting");
	}
	#hear(message) {
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
			default: this.#tell(message.type, null);
		}
	}
	#silence(target) {
		return unreachable(target.origin, this.#pageOrigins(), READY_WITHIN / 1e3);
	}
	/** This page, and the pages around it where it is itself in a frame: the Hub must be allowed in all. */
	#pageOrigins() {
		return [.../* @__PURE__ */ new Set([location.origin, ...Array.from(location.ancestorOrigins ?? [])])];
	}
	#fail(problem, target) {
		const silence = target && {
			server: target.origin,
			pageOrigins: this.#pageOrigins(),
			seconds: 10
		};
		this.#notice.replaceChildren(noticeOf(this.ownerDocument, {
			problem,
			silence,
			onRetry: () => this.reload()
		}));
		this.#show("failed");
		if (this.#told === problem.message) return;
		this.#told = problem.message;
		this.#tell("error", problem);
	}
	#show(state) {
		this.#stage.dataset.state = state;
		this.#waiting.hidden = state !== "waiting";
		this.#notice.hidden = state !== "failed";
		if (state !== "failed") this.#notice.replaceChildren();
		if (this.#visit) this.#visit.iframe.inert = state === "failed";
		this.#fit();
	}
	#fit() {
		const automatic = `${Math.max(480, this.#contentHeight)}px`;
		this.#stage.style.height = fixedHeight(this.getAttribute("height")) ?? automatic;
	}
	#paint() {
		const { base, properties } = resolveTheme(this.#theme());
		const { style, dataset } = this.#stage;
		const prefersDark = globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
		dataset.theme = base === "dark" || base === "auto" && prefersDark ? "dark" : "light";
		style.cssText = "";
		for (const [name, value] of Object.entries(properties)) style.setProperty(name, value);
	}
	#tell(type, detail) {
		this.dispatchEvent(new CustomEvent(type, {
			detail,
			bubbles: true,
			composed: true
		}));
	}
};
/** Makes the tag known to the browser; without one, and the second time, it does nothing. */
function definePatchbayHub() {
	if (typeof customElements === "undefined" || customElements.get("patchbay-hub") !== void 0) return;
	customElements.define(TAG, PatchbayHubElement);
}
export { TAG as n, definePatchbayHub as r, PatchbayHubElement as t };
