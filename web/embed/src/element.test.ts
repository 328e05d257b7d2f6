/** The element: the frame it opens, the messages it sends and accepts, its events, and its cleanup. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PatchbayHubElement, TAG } from "./element.ts";
import "./index.ts";
import { READY_TIMEOUT_MS } from "./frameConnection.ts";
import { BASE, deliverMessage, fakeFrames, fakeWindow, postedTo, sendFromHub } from "./testing/fakeFrames.ts";

const PAGE = location.origin;

/** Waits for the scheduled update. */
const updated = () => Promise.resolve();

async function addElement(attributes: Record<string, string> = {}): Promise<PatchbayHubElement> {
  const hub = document.createElement(TAG) as PatchbayHubElement;
  for (const [name, value] of Object.entries({ token: "t1", "base-url": BASE, ...attributes })) {
    hub.setAttribute(name, value);
  }
  document.body.append(hub);
  await updated();
  return hub;
}

function frameOf(hub: Element): HTMLIFrameElement {
  const frame = hub.shadowRoot?.querySelector("iframe");
  if (!frame) throw new Error("the element has no frame");
  return frame;
}

const find = (hub: Element, selector: string): HTMLElement => {
  const found = hub.shadowRoot?.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`the element has no ${selector}`);
  return found;
};

/** Records every event that reaches the document, with its detail. */
function recordEvents(): [string, unknown][] {
  const events: [string, unknown][] = [];
  for (const type of ["ready", "success", "cancel", "close", "error"]) {
    const record = (event: Event) => events.push([type, (event as CustomEvent).detail]);
    document.body.addEventListener(type, record, { signal: listening.signal });
  }
  return events;
}

let listening = new AbortController();

beforeEach(() => {
  listening = new AbortController();
  fakeFrames();
});

afterEach(() => {
  listening.abort();
  document.body.replaceChildren();
  PatchbayHubElement.defaultBaseUrl = null;
  vi.useRealTimers();
});

describe("the frame", () => {
  it("opens the Hub for the session and passes this page's origin", async () => {
    const frame = frameOf(await addElement());
    const address = new URL(frame.src);
    expect(address.origin + address.pathname).toBe(`${BASE}/embedded/integrations`);
    expect(Object.fromEntries(address.searchParams)).toEqual({ token: "t1", origin: PAGE });
  });

  it("has only the permissions that it needs", async () => {
    const frame = frameOf(await addElement());
    expect(frame.getAttribute("sandbox")?.split(" ").sort()).toEqual([
      "allow-forms",
      "allow-popups",
      "allow-popups-to-escape-sandbox",
      "allow-same-origin",
      "allow-scripts",
    ]);
    expect(frame.getAttribute("allow")).toBe("clipboard-write");
    expect(frame.getAttribute("referrerpolicy")).toBe("no-referrer");
  });

  it("has a name for screen readers, which the page can set", async () => {
    const hub = await addElement();
    expect(frameOf(hub).title).toBe("Connect an account");
    hub.label = "Verbinden";
    await updated();
    expect(frameOf(hub).title).toBe("Verbinden");
  });

  it("uses the server of the script by default", async () => {
    PatchbayHubElement.defaultBaseUrl = "https://origin.example.com";
    const hub = await addElement({ "base-url": "" });
    expect(frameOf(hub).src).toMatch(/^https:\/\/origin\.example\.com\/embedded\//);
    expect(hub.baseUrl).toBe("https://origin.example.com");
  });

  it("is not opened without a token", async () => {
    const hub = await addElement({ token: "" });
    expect(hub.shadowRoot?.querySelector("iframe")).toBeNull();
    expect(find(hub, ".loading").hidden).toBe(false);
  });

  it("is reopened for a new token, once for several changes", async () => {
    const hub = await addElement();
    const first = frameOf(hub);
    hub.token = "t2";
    hub.baseUrl = "https://other.example.com";
    hub.token = "t3";
    await updated();
    const frames = hub.shadowRoot?.querySelectorAll("iframe") ?? [];
    expect(frames.length).toBe(1);
    expect(frameOf(hub)).not.toBe(first);
    expect(frameOf(hub).src).toContain("https://other.example.com/embedded/integrations?token=t3");
  });

  it("is not reopened if only the appearance changes", async () => {
    const hub = await addElement();
    const frame = frameOf(hub);
    hub.theme = "dark";
    hub.height = 600;
    await updated();
    expect(frameOf(hub)).toBe(frame);
  });

  it("is reopened by reload()", async () => {
    const hub = await addElement();
    const first = frameOf(hub);
    hub.reload();
    await updated();
    expect(frameOf(hub)).not.toBe(first);
  });
});

describe("properties", () => {
  it("mirror the attributes", async () => {
    const hub = await addElement({ theme: "dark", "account-id": "a1", "close-label": "Done" });
    expect([hub.token, hub.theme, hub.accountId, hub.closeLabel, hub.showFooterLinks]).toEqual([
      "t1",
      "dark",
      "a1",
      "Done",
      true,
    ]);
    hub.accountId = "a2";
    hub.showFooterLinks = false;
    expect(hub.getAttribute("account-id")).toBe("a2");
    expect(hub.getAttribute("show-footer-links")).toBe("false");
    hub.accountId = null;
    hub.showFooterLinks = true;
    expect(hub.hasAttribute("account-id")).toBe(false);
    expect(hub.hasAttribute("show-footer-links")).toBe(false);
  });

  it("are applied if they were set before the element was defined", async () => {
    const hub = await addElement({ token: "" });
    // What happens if the page runs before the script: a plain property hides the accessor.
    Object.defineProperty(hub, "token", {
      value: "early",
      configurable: true,
      writable: true,
      enumerable: true,
    });
    hub.remove();
    document.body.append(hub);
    await updated();
    expect(hub.getAttribute("token")).toBe("early");
    expect(frameOf(hub).src).toContain("token=early");
  });
});

describe("the init message", () => {
  const options = { theme: "dark", "account-id": "a1", "close-label": "Done", "show-footer-links": "false" };

  it("is sent only to the Hub's origin, after the Hub is ready", async () => {
    const frame = frameOf(await addElement(options));
    expect(postedTo(frame)).toEqual([]);
    sendFromHub(frame, "ready");
    expect(postedTo(frame)).toEqual([
      {
        origin: BASE,
        message: {
          target: "patchbay-hub",
          version: 1,
          type: "init",
          theme: "dark",
          accountId: "a1",
          closeLabel: "Done",
          showFooterLinks: false,
        },
      },
    ]);
  });

  it("never contains the token", async () => {
    const frame = frameOf(await addElement({ token: "very-secret-token" }));
    sendFromHub(frame, "ready");
    expect(JSON.stringify(postedTo(frame))).not.toContain("very-secret-token");
  });

  it("is sent again only if the options change", async () => {
    const hub = await addElement();
    sendFromHub(frameOf(hub), "ready");
    hub.theme = "dark";
    await updated();
    hub.setAttribute("height", "600px");
    await updated();
    expect(postedTo(frameOf(hub)).map(({ message }) => message.theme)).toEqual(["light", "dark"]);
  });

  it("accepts a theme as JSON; themeObject takes precedence", async () => {
    const customTheme = { colors: { primary: { background: "#0f766e" } } };
    const hub = await addElement({ theme: JSON.stringify(customTheme) });
    sendFromHub(frameOf(hub), "ready");
    hub.themeObject = { base: "dark" };
    await updated();
    hub.themeObject = null;
    await updated();
    expect(postedTo(frameOf(hub)).map(({ message }) => message.theme)).toEqual([
      customTheme,
      { base: "dark" },
      customTheme,
    ]);
  });

  it("falls back to light for an invalid theme", async () => {
    const frame = frameOf(await addElement({ theme: "{not json" }));
    sendFromHub(frame, "ready");
    expect(postedTo(frame)[0]?.message.theme).toBe("light");
  });
});

describe("events", () => {
  it("bubble out of shadow roots and contain only public data", async () => {
    const events = recordEvents();
    const frame = frameOf(await addElement());
    sendFromHub(frame, "ready");
    sendFromHub(frame, "success", { account: { id: "acc_1", provider: "spotdraft", secret: "hidden" } });
    sendFromHub(frame, "cancel");
    sendFromHub(frame, "close");
    expect(events).toEqual([
      ["ready", null],
      ["success", { id: "acc_1", provider: "spotdraft" }],
      ["cancel", null],
      ["close", null],
    ]);
  });

  it("cross a shadow root around the element", async () => {
    const events = recordEvents();
    const outer = document.createElement("div");
    document.body.append(outer);
    const hub = document.createElement(TAG) as PatchbayHubElement;
    hub.token = "t1";
    hub.baseUrl = BASE;
    outer.attachShadow({ mode: "open" }).append(hub);
    await updated();
    sendFromHub(frameOf(hub), "close");
    expect(events).toEqual([["close", null]]);
  });

  it.each([
    ["another window", () => ({ source: fakeWindow(), origin: BASE })],
    ["no window", () => ({ source: null, origin: BASE })],
    [
      "another origin in the same frame",
      (frame: HTMLIFrameElement) => ({ source: frame.contentWindow, origin: "https://evil.example" }),
    ],
    ["the page's own origin", (frame: HTMLIFrameElement) => ({ source: frame.contentWindow, origin: PAGE })],
  ])("are not dispatched for messages from %s", async (_source, from) => {
    const events = recordEvents();
    const frame = frameOf(await addElement());
    const account = { id: "acc_1", provider: "spotdraft" };
    deliverMessage({ source: "patchbay-hub", version: 1, type: "success", account }, from(frame));
    expect(events).toEqual([]);
  });

  it.each([
    ["another version", { source: "patchbay-hub", version: 2, type: "close" }],
    ["another program", { source: "react-devtools", version: 1, type: "close" }],
    ["the older component", { type: "AccountConnected", account: { id: "a", provider: "b" } }],
    ["an account without an id", { source: "patchbay-hub", version: 1, type: "success", account: {} }],
    ["text", "close"],
    ["nothing", null],
  ])("are not dispatched for %s", async (_description, data) => {
    const events = recordEvents();
    const frame = frameOf(await addElement());
    deliverMessage(data, { source: frame.contentWindow, origin: BASE });
    expect(events).toEqual([]);
  });

  it("of two elements on one page are independent", async () => {
    const one = await addElement();
    const two = await addElement({ token: "t2" });
    const received: string[] = [];
    one.addEventListener("success", () => received.push("one"));
    two.addEventListener("success", () => received.push("two"));
    sendFromHub(frameOf(two), "success", { account: { id: "a", provider: "p" } });
    expect(received).toEqual(["two"]);
    one.remove();
    sendFromHub(frameOf(two), "success", { account: { id: "a", provider: "p" } });
    expect(received).toEqual(["two", "two"]);
  });

  it("stop after the element is removed, together with its frame", async () => {
    const events = recordEvents();
    const hub = await addElement();
    const frame = frameOf(hub);
    const { contentWindow } = frame;
    hub.remove();
    expect(hub.shadowRoot?.querySelector("iframe")).toBeNull();
    deliverMessage(
      { source: "patchbay-hub", version: 1, type: "close" },
      { source: contentWindow, origin: BASE },
    );
    expect(events).toEqual([]);
  });

  it("stop for the previous session after the token changes", async () => {
    const events = recordEvents();
    const hub = await addElement();
    const { contentWindow } = frameOf(hub);
    hub.token = "t2";
    await updated();
    deliverMessage(
      { source: "patchbay-hub", version: 1, type: "close" },
      { source: contentWindow, origin: BASE },
    );
    expect(events).toEqual([]);
  });
});

describe("height", () => {
  const heightOf = (hub: Element) => find(hub, ".hub").style.height;

  it("follows the Hub, with a minimum", async () => {
    const hub = await addElement();
    expect(heightOf(hub)).toBe("480px");
    sendFromHub(frameOf(hub), "resize", { height: 912.4 });
    expect(heightOf(hub)).toBe("913px");
    sendFromHub(frameOf(hub), "resize", { height: 100 });
    expect(heightOf(hub)).toBe("480px");
  });

  it.each([
    ["640", "640px"],
    ["80vh", "80vh"],
    ["100%", "100%"],
    ["1px; color: red", "480px"],
    ["tall", "480px"],
  ])("%j becomes %j", async (attribute, height) => {
    const hub = await addElement({ height: attribute });
    expect(heightOf(hub)).toBe(height);
  });

  it("does not follow the Hub if it is fixed", async () => {
    const hub = await addElement({ height: "500px" });
    sendFromHub(frameOf(hub), "resize", { height: 900 });
    expect(heightOf(hub)).toBe("500px");
  });
});

describe("if the Hub does not respond", () => {
  beforeEach(() => void vi.useFakeTimers());

  it("says after ten seconds which origin to allow, and offers to retry", async () => {
    const events = recordEvents();
    const hub = await addElement();
    vi.advanceTimersByTime(READY_TIMEOUT_MS - 1);
    expect(events).toEqual([]);
    expect(find(hub, ".notice").hidden).toBe(true);
    vi.advanceTimersByTime(1);
    const notice = find(hub, ".notice").textContent ?? "";
    expect(notice).toContain(`"allowed_origins": ["${PAGE}"]`);
    expect(notice).toContain(BASE);
    expect(notice).not.toContain("t1");
    expect(events).toEqual([["error", { code: "unreachable", message: expect.stringContaining(PAGE) }]]);

    const first = frameOf(hub);
    find(hub, ".notice button").click();
    await updated();
    expect(find(hub, ".notice").hidden).toBe(true);
    expect(frameOf(hub)).not.toBe(first);
  });

  it("shows the Hub if it responds late", async () => {
    const hub = await addElement();
    vi.advanceTimersByTime(READY_TIMEOUT_MS);
    expect(frameOf(hub).inert).toBe(true);
    sendFromHub(frameOf(hub), "ready");
    expect(find(hub, ".notice").hidden).toBe(true);
    expect(frameOf(hub).inert).toBe(false);
    expect(find(hub, ".hub").dataset.state).toBe("ready");
  });

  it("reports nothing after the Hub responded or the element was removed", async () => {
    const events = recordEvents();
    const ready = await addElement();
    const removed = await addElement({ token: "t2" });
    sendFromHub(frameOf(ready), "ready");
    removed.remove();
    vi.advanceTimersByTime(READY_TIMEOUT_MS * 2);
    expect(events).toEqual([["ready", null]]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("with an invalid configuration", () => {
  it.each([
    ["", "missing-base-url"],
    ["patchbay.example.com", "invalid-base-url"],
    ["javascript:alert(1)", "invalid-base-url"],
    ["https://user:pass@patchbay.example.com", "invalid-base-url"],
  ])("reports the base URL %j once", async (baseUrl, code) => {
    const events = recordEvents();
    const hub = await addElement({ "base-url": baseUrl });
    hub.theme = "dark";
    await updated();
    expect(events).toEqual([["error", { code, message: expect.any(String) }]]);
    expect(hub.shadowRoot?.querySelector("iframe")).toBeNull();
    expect(find(hub, ".notice").hidden).toBe(false);
  });

  it("opens the Hub after the base URL is corrected", async () => {
    const hub = await addElement({ "base-url": "invalid" });
    hub.baseUrl = BASE;
    await updated();
    expect(frameOf(hub).src).toContain(BASE);
    expect(find(hub, ".notice").hidden).toBe(true);
  });
});
