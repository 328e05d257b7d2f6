/** The element on its own: what it opens, whom it hears, what it tells, and that it leaves nothing behind. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PatchbayHubElement, TAG } from "./element.ts";
import "./index.ts";
import { BASE, deliver, fakeFrames, fakeWindow, postedTo, say } from "./testing/frames.ts";
import { READY_WITHIN } from "./visit.ts";

const PAGE = location.origin;

/** Lets the update that the last change has planned run. */
const settled = () => Promise.resolve();

async function place(attributes: Record<string, string> = {}): Promise<PatchbayHubElement> {
  const hub = document.createElement(TAG) as PatchbayHubElement;
  for (const [name, value] of Object.entries({ token: "t1", "base-url": BASE, ...attributes })) {
    hub.setAttribute(name, value);
  }
  document.body.append(hub);
  await settled();
  return hub;
}

function frameOf(hub: Element): HTMLIFrameElement {
  const frame = hub.shadowRoot?.querySelector("iframe");
  if (!frame) throw new Error("the element has no frame");
  return frame;
}

const within = (hub: Element, selector: string): HTMLElement => {
  const found = hub.shadowRoot?.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`the element has no ${selector}`);
  return found;
};

/** Every event of the element that reaches the document, with its detail. */
function heard(): [string, unknown][] {
  const events: [string, unknown][] = [];
  for (const type of ["ready", "success", "cancel", "close", "error"]) {
    const note = (event: Event) => events.push([type, (event as CustomEvent).detail]);
    document.body.addEventListener(type, note, { signal: listening.signal });
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
  it("opens the Hub for this session and names this page's origin", async () => {
    const frame = frameOf(await place());
    const address = new URL(frame.src);
    expect(address.origin + address.pathname).toBe(`${BASE}/embedded/integrations`);
    expect(Object.fromEntries(address.searchParams)).toEqual({ token: "t1", origin: PAGE });
  });

  it("has the rights that it needs and no others", async () => {
    const frame = frameOf(await place());
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

  it("has a name for screen readers, which the host can choose", async () => {
    const hub = await place();
    expect(frameOf(hub).title).toBe("Connect an account");
    hub.label = "Verbinden";
    await settled();
    expect(frameOf(hub).title).toBe("Verbinden");
  });

  it("uses the server that the script came from", async () => {
    PatchbayHubElement.defaultBaseUrl = "https://origin.example.com";
    const hub = await place({ "base-url": "" });
    expect(frameOf(hub).src).toMatch(/^https:\/\/origin\.example\.com\/embedded\//);
    expect(hub.baseUrl).toBe("https://origin.example.com");
  });

  it("is not opened without a token", async () => {
    const hub = await place({ token: "" });
    expect(hub.shadowRoot?.querySelector("iframe")).toBeNull();
    expect(within(hub, ".waiting").hidden).toBe(false);
  });

  it("is opened anew for another token, once for several changes", async () => {
    const hub = await place();
    const first = frameOf(hub);
    hub.token = "t2";
    hub.baseUrl = "https://other.example.com";
    hub.token = "t3";
    await settled();
    const frames = hub.shadowRoot?.querySelectorAll("iframe") ?? [];
    expect(frames.length).toBe(1);
    expect(frameOf(hub)).not.toBe(first);
    expect(frameOf(hub).src).toContain("https://other.example.com/embedded/integrations?token=t3");
  });

  it("stays as it is when only the looks change", async () => {
    const hub = await place();
    const frame = frameOf(hub);
    hub.theme = "dark";
    hub.height = 600;
    await settled();
    expect(frameOf(hub)).toBe(frame);
  });

  it("is opened anew on request", async () => {
    const hub = await place();
    const first = frameOf(hub);
    hub.reload();
    await settled();
    expect(frameOf(hub)).not.toBe(first);
  });
});

describe("properties", () => {
  it("mirror the attributes", async () => {
    const hub = await place({ theme: "dark", "account-id": "a1", "close-label": "Done" });
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

  it("that were set before the tag was known still count", async () => {
    const hub = await place({ token: "" });
    // What a page does that runs before the script: a plain property over the accessor.
    Object.defineProperty(hub, "token", {
      value: "early",
      configurable: true,
      writable: true,
      enumerable: true,
    });
    hub.remove();
    document.body.append(hub);
    await settled();
    expect(hub.getAttribute("token")).toBe("early");
    expect(frameOf(hub).src).toContain("token=early");
  });
});

describe("what it tells the Hub", () => {
  const options = { theme: "dark", "account-id": "a1", "close-label": "Done", "show-footer-links": "false" };

  it("waits until the Hub is ready, and speaks to its origin alone", async () => {
    const frame = frameOf(await place(options));
    expect(postedTo(frame)).toEqual([]);
    say(frame, "ready");
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

  it("never holds the token", async () => {
    const frame = frameOf(await place({ token: "very-secret-token" }));
    say(frame, "ready");
    expect(JSON.stringify(postedTo(frame))).not.toContain("very-secret-token");
  });

  it("is said again when it changes, and not when nothing did", async () => {
    const hub = await place();
    say(frameOf(hub), "ready");
    hub.theme = "dark";
    await settled();
    hub.setAttribute("height", "600px");
    await settled();
    expect(postedTo(frameOf(hub)).map(({ message }) => message.theme)).toEqual(["light", "dark"]);
  });

  it("takes a theme as JSON, and as an object before all else", async () => {
    const own = { colors: { primary: { background: "#0f766e" } } };
    const hub = await place({ theme: JSON.stringify(own) });
    say(frameOf(hub), "ready");
    hub.themeObject = { base: "dark" };
    await settled();
    hub.themeObject = null;
    await settled();
    expect(postedTo(frameOf(hub)).map(({ message }) => message.theme)).toEqual([own, { base: "dark" }, own]);
  });

  it("falls back to light for a theme that is none", async () => {
    const frame = frameOf(await place({ theme: "{not json" }));
    say(frame, "ready");
    expect(postedTo(frame)[0]?.message.theme).toBe("light");
  });
});

describe("events", () => {
  it("bubble out of shadow roots with what the host may know", async () => {
    const events = heard();
    const frame = frameOf(await place());
    say(frame, "ready");
    say(frame, "success", { account: { id: "acc_1", provider: "spotdraft", secret: "hidden" } });
    say(frame, "cancel");
    say(frame, "close");
    expect(events).toEqual([
      ["ready", null],
      ["success", { id: "acc_1", provider: "spotdraft" }],
      ["cancel", null],
      ["close", null],
    ]);
  });

  it("cross the boundary of a shadow root around the element", async () => {
    const events = heard();
    const outer = document.createElement("div");
    document.body.append(outer);
    const hub = document.createElement(TAG) as PatchbayHubElement;
    hub.token = "t1";
    hub.baseUrl = BASE;
    outer.attachShadow({ mode: "open" }).append(hub);
    await settled();
    say(frameOf(hub), "close");
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
  ])("are not made of messages from %s", async (_who, from) => {
    const events = heard();
    const frame = frameOf(await place());
    const account = { id: "acc_1", provider: "spotdraft" };
    deliver({ source: "patchbay-hub", version: 1, type: "success", account }, from(frame));
    expect(events).toEqual([]);
  });

  it.each([
    ["another version", { source: "patchbay-hub", version: 2, type: "close" }],
    ["another program", { source: "react-devtools", version: 1, type: "close" }],
    ["the older component", { type: "AccountConnected", account: { id: "a", provider: "b" } }],
    ["an account without an id", { source: "patchbay-hub", version: 1, type: "success", account: {} }],
    ["text", "close"],
    ["nothing", null],
  ])("are not made of %s", async (_what, data) => {
    const events = heard();
    const frame = frameOf(await place());
    deliver(data, { source: frame.contentWindow, origin: BASE });
    expect(events).toEqual([]);
  });

  it("of one element are not those of its neighbour", async () => {
    const one = await place();
    const two = await place({ token: "t2" });
    const told: string[] = [];
    one.addEventListener("success", () => told.push("one"));
    two.addEventListener("success", () => told.push("two"));
    say(frameOf(two), "success", { account: { id: "a", provider: "p" } });
    expect(told).toEqual(["two"]);
    one.remove();
    say(frameOf(two), "success", { account: { id: "a", provider: "p" } });
    expect(told).toEqual(["two", "two"]);
  });

  it("stop when the element has left the page, and its frame goes with it", async () => {
    const events = heard();
    const hub = await place();
    const frame = frameOf(hub);
    const { contentWindow } = frame;
    hub.remove();
    expect(hub.shadowRoot?.querySelector("iframe")).toBeNull();
    deliver({ source: "patchbay-hub", version: 1, type: "close" }, { source: contentWindow, origin: BASE });
    expect(events).toEqual([]);
  });

  it("stop for the session before when there is another token", async () => {
    const events = heard();
    const hub = await place();
    const { contentWindow } = frameOf(hub);
    hub.token = "t2";
    await settled();
    deliver({ source: "patchbay-hub", version: 1, type: "close" }, { source: contentWindow, origin: BASE });
    expect(events).toEqual([]);
  });
});

describe("height", () => {
  const heightOf = (hub: Element) => within(hub, ".hub").style.height;

  it("follows the Hub, and is never below the least", async () => {
    const hub = await place();
    expect(heightOf(hub)).toBe("480px");
    say(frameOf(hub), "resize", { height: 912.4 });
    expect(heightOf(hub)).toBe("913px");
    say(frameOf(hub), "resize", { height: 100 });
    expect(heightOf(hub)).toBe("480px");
  });

  it.each([
    ["640", "640px"],
    ["80vh", "80vh"],
    ["100%", "100%"],
    ["1px; color: red", "480px"],
    ["tall", "480px"],
  ])("of %j is %j", async (given, taken) => {
    const hub = await place({ height: given });
    expect(heightOf(hub)).toBe(taken);
  });

  it("that is fixed does not follow the Hub", async () => {
    const hub = await place({ height: "500px" });
    say(frameOf(hub), "resize", { height: 900 });
    expect(heightOf(hub)).toBe("500px");
  });
});

describe("when the Hub does not come", () => {
  beforeEach(() => void vi.useFakeTimers());

  it("says which origin to allow and how to try again, after ten seconds and not before", async () => {
    const events = heard();
    const hub = await place();
    vi.advanceTimersByTime(READY_WITHIN - 1);
    expect(events).toEqual([]);
    expect(within(hub, ".notice").hidden).toBe(true);
    vi.advanceTimersByTime(1);
    const words = within(hub, ".notice").textContent ?? "";
    expect(words).toContain(`"allowed_origins": ["${PAGE}"]`);
    expect(words).toContain(BASE);
    expect(words).not.toContain("t1");
    expect(events).toEqual([["error", { code: "unreachable", message: expect.stringContaining(PAGE) }]]);

    const first = frameOf(hub);
    within(hub, ".notice button").click();
    await settled();
    expect(within(hub, ".notice").hidden).toBe(true);
    expect(frameOf(hub)).not.toBe(first);
  });

  it("shows it all the same when it comes late", async () => {
    const hub = await place();
    vi.advanceTimersByTime(READY_WITHIN);
    expect(frameOf(hub).inert).toBe(true);
    say(frameOf(hub), "ready");
    expect(within(hub, ".notice").hidden).toBe(true);
    expect(frameOf(hub).inert).toBe(false);
    expect(within(hub, ".hub").dataset.state).toBe("ready");
  });

  it("keeps quiet once the Hub has come, or the element has gone", async () => {
    const events = heard();
    const here = await place();
    const gone = await place({ token: "t2" });
    say(frameOf(here), "ready");
    gone.remove();
    vi.advanceTimersByTime(READY_WITHIN * 2);
    expect(events).toEqual([["ready", null]]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("when it is told too little", () => {
  it.each([
    ["", "missing-base-url"],
    ["patchbay.example.com", "invalid-base-url"],
    ["javascript:alert(1)", "invalid-base-url"],
    ["https://user:pass@patchbay.example.com", "invalid-base-url"],
  ])("a base URL of %j is a problem, told once", async (given, code) => {
    const events = heard();
    const hub = await place({ "base-url": given });
    hub.theme = "dark";
    await settled();
    expect(events).toEqual([["error", { code, message: expect.any(String) }]]);
    expect(hub.shadowRoot?.querySelector("iframe")).toBeNull();
    expect(within(hub, ".notice").hidden).toBe(false);
  });

  it("goes on once the base URL is right", async () => {
    const hub = await place({ "base-url": "nonsense" });
    hub.baseUrl = BASE;
    await settled();
    expect(frameOf(hub).src).toContain(BASE);
    expect(within(hub, ".notice").hidden).toBe(true);
  });
});
