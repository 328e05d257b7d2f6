/** The form from the user's point of view: linking an account, its guide, and failures. */

import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { field, guide } from "../testing/fixtures.ts";
import { type Routes, renderHub } from "../testing/renderHub.tsx";
import { button, fillIn, heading, type, widenScreen, withConnector } from "../testing/screen.ts";

beforeEach(widenScreen);
afterEach(cleanup);

describe("the form", () => {
  it("links the account and notifies the host once", async () => {
    const hub = renderHub({ framed: true });
    hub.receive({ target: "patchbay-hub", version: 1, type: "init", closeLabel: "Finish" });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(hub.callsTo("POST", "/hub/accounts").map((call) => call.body)).toEqual([
      {
        integration_id: "profile_1",
        credentials: { clientId: "id_1", clientSecret: "s3cret", region: "us" },
      },
    ]);
    fireEvent.click(await button("Finish"));
    expect(hub.sentTypes()).toEqual(["ready", "success", "AccountConnected", "close"]);
    expect(new Set(hub.sent.map(({ origin }) => origin))).toEqual(new Set(["https://app.example.com"]));
    expect(JSON.stringify(hub.sent)).not.toContain("s3cret");
  });

  it("shows problems when a field loses focus and on submit, and focuses the first", async () => {
    const hub = renderHub();
    const email = await screen.findByLabelText(/Act as user/);
    fireEvent.change(email, { target: { value: "invalid" } });
    expect(screen.queryByText(/invalid format/)).toBeNull();
    fireEvent.blur(email);
    expect(screen.getByText("Act as user has an invalid format")).toBeTruthy();
    fireEvent.click(await button("Connect"));
    expect(screen.getByText("Client ID is required")).toBeTruthy();
    expect(document.activeElement?.id).toBe("field-clientId");
    expect(document.activeElement?.getAttribute("aria-invalid")).toBe("true");
    expect(hub.callsTo("POST", "/hub/accounts")).toEqual([]);
  });

  it("shows the provider's error and response, and keeps the form's values", async () => {
    const rejection = {
      message: "Papertrail rejects the credentials",
      provider_response: '{"detail":"bad secret"}',
    };
    renderHub({ routes: { "POST /hub/accounts": { status: 400, body: rejection } } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("Papertrail rejects the credentials");
    expect(alert.querySelector("pre")?.textContent).toBe('{\n  "detail": "bad secret"\n}');
    expect(screen.getByLabelText<HTMLInputElement>("Client Secret").value).toBe("s3cret");
  });

  it("shows the server's problem at its field until the field is changed", async () => {
    const body = {
      message: "not valid",
      problems: [{ path: "credentials.email", code: "x", message: "No member" }],
    };
    renderHub({ routes: { "POST /hub/accounts": { status: 400, body } } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await screen.findByText("No member");
    fireEvent.change(screen.getByLabelText(/Act as user/), { target: { value: "a@b" } });
    expect(screen.queryByText("No member")).toBeNull();
  });

  it("retries with the same values after a lost connection", async () => {
    let offline = true;
    const link = () =>
      offline ? new TypeError("offline") : { body: { id: "acc_1", provider: "papertrail" } };
    const hub = renderHub({ routes: { "POST /hub/accounts": link } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    offline = false;
    fireEvent.click(await button("Try again"));
    await heading("Papertrail is connected");
    const [first, second] = hub.callsTo("POST", "/hub/accounts");
    expect(second?.body).toEqual(first?.body);
  });

  it("says if the profile was disabled or the session expired meanwhile", async () => {
    const hub = renderHub({
      routes: { "POST /hub/accounts": { status: 412, body: { message: "disabled" } } },
    });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is currently unavailable");
    hub.unmount();
    renderHub({ routes: { "POST /hub/accounts": { status: 401, body: { message: "expired" } } } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("This link has expired");
  });

  it("can be canceled while the provider is slow, and keeps its values", async () => {
    const hub = renderHub({ framed: true, routes: { "POST /hub/accounts": "never" } });
    hub.receive({ target: "patchbay-hub", version: 1, type: "init" });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Connecting to Papertrail");
    fireEvent.click(await button("Cancel"));
    await heading("Connect Papertrail");
    expect(screen.getByLabelText<HTMLInputElement>("Client ID").value).toBe("id_1");
    expect(hub.sentTypes()).toEqual(["ready"]);
    fireEvent.click(await button("Cancel"));
    expect(hub.sentTypes()).toEqual(["ready", "cancel"]);
  });

  it("fills in the sandbox's credentials", async () => {
    const credentials = { clientId: "sandbox_id", clientSecret: "sandbox_secret" };
    const hub = renderHub({ routes: withConnector({ sandbox: { credentials } }) });
    fireEvent.click(await button("Fill in credentials"));
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(hub.callsTo("POST", "/hub/accounts")[0]?.body).toMatchObject({ credentials });
  });

  it("shows fields by their conditions, notices at their positions, and never a hidden field", async () => {
    const fields = [
      field("plan", "Plan", { type: "select", options: [{ label: "Own", value: "own" }] }),
      field("host", "Host", { condition: "plan == 'own'" }),
      field("hidden", "Hidden", { display: false, value: "1" }),
      field("hook", "Hook", { readOnly: true, value: "https://hook.example.com" }),
    ];
    const notice = {
      key: "n",
      type: "warning" as const,
      description: "Mind the **host**",
      position: "top" as const,
    };
    const more = { configFields: fields, configNotices: [{ ...notice, anchor: "host" }] };
    renderHub({ routes: withConnector(more) });
    await screen.findByLabelText("Plan");
    expect(screen.queryByLabelText("Host")).toBeNull();
    expect(screen.queryByLabelText("Hidden")).toBeNull();
    expect(await button("Copy Hook")).toBeTruthy();
    type("Plan", "own");
    const host = screen.getByLabelText("Host");
    const warned = screen.getByText("host", { selector: "strong" });
    expect(warned.compareDocumentPosition(host)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  });

  it("shows and hides a password", async () => {
    renderHub();
    const secret = await screen.findByLabelText<HTMLInputElement>("Client Secret");
    expect(secret.type).toBe("password");
    fireEvent.click(await button("Show Client Secret"));
    expect(secret.type).toBe("text");
    fireEvent.click(await button("Hide Client Secret"));
    expect(secret.type).toBe("password");
  });
});

describe("the guide", () => {
  it("links fields and steps in both directions", async () => {
    renderHub({ routes: withConnector({ guide }) });
    fireEvent.click(await button("Where do I find this? (Client Secret)"));
    expect(document.activeElement?.textContent).toContain("Copy both values");
    fireEvent.click(await button("Enter Client ID"));
    expect(document.activeElement?.id).toBe("field-clientId");
    const link = screen.getByRole("link", { name: "Open the guide in a new tab" });
    expect(link.getAttribute("target")).toBe("_blank");
  });

  it("lists the required scopes and copies all of them", async () => {
    const step = {
      title_html: "Tick the scopes",
      html: null,
      scopes: [
        { name: "things:read", description: "Read things" },
        { name: "things:write", description: null },
      ],
      scopes_text: "things:read,things:write",
      scopes_note: "These are for all actions.",
      fields: [],
    };
    const copied: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void copied.push(text) } });
    renderHub({
      routes: withConnector({
        guide: { ...guide, sections: [{ title: "Scopes", html: null, steps: [step] }] },
      }),
    });
    fireEvent.click(await button("Copy scopes"));
    expect(screen.getByText("Read things")).not.toBeNull();
    expect(screen.getByText("These are for all actions.")).not.toBeNull();
    expect(copied).toEqual(["things:read,things:write"]);
  });

  it("is shown again by a field's guide link after it was hidden", async () => {
    renderHub({ routes: withConnector({ guide }) });
    fireEvent.click(await button("Hide guide"));
    expect(screen.getByText("Open the settings").closest("[hidden]")).not.toBeNull();
    fireEvent.click(await button("Where do I find this? (Client ID)"));
    expect(screen.getByText("Open the settings").closest("[hidden]")).toBeNull();
  });

  it("is a tab on narrow screens, and the form keeps its values", async () => {
    vi.stubGlobal("matchMedia", () => ({
      matches: false,
      addEventListener: () => {},
      removeEventListener: () => {},
    }));
    renderHub({ routes: withConnector({ guide }) });
    await fillIn();
    const panel = () => screen.getByText("Open the settings").closest("[role=tabpanel]");
    expect(panel()?.hasAttribute("hidden")).toBe(true);
    fireEvent.keyDown(screen.getByRole("tab", { name: "Credentials" }), { key: "ArrowRight" });
    expect(panel()?.hasAttribute("hidden")).toBe(false);
    fireEvent.click(await button("Enter Client ID"));
    expect(screen.getByLabelText<HTMLInputElement>("Client ID").value).toBe("id_1");
    expect(panel()?.hasAttribute("hidden")).toBe(true);
  });
});

describe("a failed request to the provider", () => {
  const failing = (status: number, body: Record<string, unknown>): Routes => ({
    "POST /hub/accounts": { status, body: { message: "as the server says", ...body } },
  });

  it.each([
    ["refused", 400, "Papertrail refused the request", false],
    ["unreachable", 502, "Papertrail could not be reached", true],
    ["timed_out", 408, "Papertrail did not respond in time", true],
    ["rate_limited", 429, "Too many requests to Papertrail", true],
    ["misconfigured", 412, "The connection to Papertrail is not set up correctly", false],
    ["unavailable", 503, "Papertrail has a problem", true],
  ] as const)("is explained by its reason: %s", async (reason, status, title, retry) => {
    renderHub({ routes: failing(status, { reason, errorCode: "AnyError" }) });
    await fillIn();
    fireEvent.click(await button("Connect"));
    const alert = await screen.findByRole("alert");
    expect(within(alert).getByText(title)).toBeTruthy();
    expect(within(alert).getByText("As the server says.")).toBeTruthy();
    expect(alert.textContent?.includes("not accept")).toBe(reason === "refused");
    expect(within(alert).queryByRole("button", { name: "Try again" }) !== null).toBe(retry);
  });

  it("has the reason of the attempt after an authorization", async () => {
    const popup = { closed: false, close: vi.fn(), location: { replace: vi.fn() } };
    const error = { code: "ProviderUnreachableError", description: "no route", reason: "unreachable" };
    renderHub({
      popup,
      routes: {
        ...withConnector({ type: "oauth2", configFields: [] }),
        "POST /hub/connection_attempts": { status: 201, body: { id: "att_1", url: "/x" } },
        "GET /hub/connection_attempts/att_1": { body: { status: "error", account: null, error } },
      },
    });
    await heading("Connect Papertrail");
    fireEvent.click(await button("Connect"));
    await screen.findByText("Papertrail could not be reached", undefined, { timeout: 5000 });
  });
});
