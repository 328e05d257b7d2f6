/** The whole page from the user's point of view: every screen and the transitions between them. */

import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connector, field, guide, profile } from "./testing/fixtures.ts";
import { type Routes, renderHub } from "./testing/renderHub.tsx";

const button = (name: string | RegExp) => screen.findByRole("button", { name });
const heading = (name: string | RegExp) => screen.findByRole("heading", { level: 1, name });
const type = (label: string, value: string) => {
  const control = screen.getByLabelText(label, { exact: true });
  fireEvent.change(control, { target: { value } });
  return control;
};

async function fillIn(): Promise<void> {
  await screen.findByLabelText("Client ID");
  type("Client ID", "id_1");
  type("Client Secret", "s3cret");
}

const withConnector = (more: Parameters<typeof connector>[0]): Routes => ({
  "GET /hub/connectors/profile_1": { body: { config: connector(more) } },
});

beforeEach(() => {
  // Wide enough for the guide next to the form; some tests make the screen narrow.
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: query.includes("min-width"),
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
});

afterEach(cleanup);

describe("before the form", () => {
  it("says if the link contains no token", async () => {
    const hub = renderHub({ environment: { token: null } });
    await heading("This link is incomplete");
    expect(hub.calls).toEqual([]);
  });

  it("says if the session has expired or is invalid", async () => {
    renderHub({ routes: { "GET /hub/settings": { status: 401, body: { message: "expired" } } } });
    await heading("This link has expired");
    expect(screen.getByText(/for a new one/)).toBeTruthy();
  });

  it("says if the link was already used", async () => {
    const hub = renderHub({
      routes: { "GET /hub/settings": { body: { session: { owner_name: "Northwind", used: true } } } },
    });
    await heading("This link was already used");
    expect(screen.getByText(/for a new one/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Connect" })).toBeNull();
    expect(hub.calls.map(({ path }) => path)).toEqual(["/hub/settings"]);
  });

  it("says if the link was used in another window in the meantime", async () => {
    const used = { status: 409, body: { message: "used", errorCode: "SessionUsedError" } };
    renderHub({ routes: { "POST /hub/accounts": used } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("This link was already used");
  });

  it("offers to retry if the server is unreachable, and continues afterwards", async () => {
    let offline = true;
    const settings = () => (offline ? new TypeError("offline") : { body: {} });
    renderHub({ routes: { "GET /hub/settings": settings } });
    await heading("No connection");
    offline = false;
    fireEvent.click(await button("Try again"));
    await heading("Connect Papertrail");
  });

  it("says if no connector is enabled", async () => {
    renderHub({
      routes: { "GET /hub/connectors": { body: { integrations: [profile({ active: false })] } } },
    });
    await heading("Nothing to connect yet");
  });

  it("says if the only profile was disabled", async () => {
    const disabled = {
      status: 412,
      body: { message: "Papertrail is not available: its profile is disabled" },
    };
    renderHub({ routes: { "GET /hub/connectors/profile_1": disabled } });
    await heading("Papertrail is currently unavailable");
    expect(screen.getByText("Its profile is disabled.")).toBeTruthy();
  });

  it("sends the session's token with every call, and only in the header", async () => {
    const hub = renderHub();
    await heading("Connect Papertrail");
    expect(hub.calls.length).toBe(3);
    for (const call of hub.calls) {
      expect(call.headers["x-hub-session-token"]).toBe("token_1");
      expect(call.path).not.toContain("token_1");
    }
  });
});

describe("the picker", () => {
  const many = [
    profile(),
    profile({ integration_id: "profile_2", name: "Ledger", provider: "ledger", type: "accounting" }),
    profile({ integration_id: "profile_3", name: "Quill", provider: "quill", type: "documents" }),
  ];
  const routes: Routes = { "GET /hub/connectors": { body: { integrations: many } } };
  const rows = () => within(screen.getByRole("list")).getAllByRole("button");

  it("shows the connectors and the owner, and opens the chosen connector", async () => {
    renderHub({ routes });
    await heading("Connect an account");
    expect(screen.getByText(/For Northwind/)).toBeTruthy();
    expect(rows()).toHaveLength(3);
    fireEvent.click(await button(/^Papertrail|Papertrail/));
    await heading("Connect Papertrail");
    fireEvent.click(await button("Back to connectors"));
    await heading("Connect an account");
  });

  it("distinguishes two profiles of one connector by their names", async () => {
    const profiles = [
      profile({ integration_name: "Papertrail" }),
      profile({ integration_id: "profile_2", integration_name: "For lawyers" }),
    ];
    renderHub({ routes: { "GET /hub/connectors": { body: { integrations: profiles } } } });
    await heading("Connect an account");
    expect(rows()[0]?.textContent).not.toContain("For lawyers");
    expect(rows()[1]?.textContent).toContain("For lawyers");
  });

  it("filters by search and category, and says if nothing matches", async () => {
    renderHub({ routes });
    await heading("Connect an account");
    fireEvent.click(await button("Documents"));
    expect(rows()).toHaveLength(2);
    fireEvent.change(screen.getByLabelText("Search connectors"), { target: { value: "ledg" } });
    expect(screen.getByText("No connectors found", { selector: "p" })).toBeTruthy();
    fireEvent.click(await button("Show all connectors"));
    expect(rows()).toHaveLength(3);
  });

  it("supports the arrow keys", async () => {
    renderHub({ routes });
    await heading("Connect an account");
    const search = screen.getByLabelText("Search connectors");
    const press = (key: string) => fireEvent.keyDown(document.activeElement ?? search, { key });
    search.focus();
    press("ArrowDown");
    expect(document.activeElement).toBe(rows()[0]);
    press("End");
    expect(document.activeElement).toBe(rows()[2]);
    press("ArrowUp");
    expect(document.activeElement).toBe(rows()[1]);
    press("Home");
    press("ArrowUp");
    expect(document.activeElement).toBe(search);
  });
});

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

  it("reports the account to a page without the element, only at the allowed origins", async () => {
    const allowed_origins = [
      "https://app.example.com",
      "https://b.example.com/",
      "*",
      "null",
      "https://app.example.com",
    ];
    const settings = { enabled_features: [], allowed_origins, session: { owner_name: "Northwind" } };
    const routes = { "GET /hub/settings": { body: settings } };
    const hub = renderHub({ routes, framed: true, environment: { hostOrigin: null } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    const account = { id: "acc_1", provider: "papertrail" };
    expect(hub.sent).toEqual([
      { message: { type: "AccountConnected", account }, origin: "https://app.example.com" },
      { message: { type: "AccountConnected", account }, origin: "https://b.example.com" },
    ]);
  });

  it.each([
    ["no origin is allowed", [], true],
    ["it is in its own tab", ["https://app.example.com"], false],
  ])("reports nothing if %s", async (_, allowed_origins, framed) => {
    const settings = { enabled_features: [], allowed_origins, session: { owner_name: "Northwind" } };
    const routes = { "GET /hub/settings": { body: settings } };
    const hub = renderHub({ routes, framed, environment: { hostOrigin: null } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(hub.sent).toEqual([]);
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

describe("editing", () => {
  const placeholder = "__secretvalue:**redacted**9x2f";
  const account = {
    secureId: "acc_9",
    provider: "papertrail",
    integrationId: "profile_1",
    setupInformation: { clientId: "old_id", region: "eu" },
    secrets: { clientSecret: placeholder },
  };
  const routes: Routes = {
    "GET /hub/settings": { body: { existing_account_id: "acc_9" } },
    "GET /hub/accounts/acc_9": { body: account },
    "PATCH /hub/accounts/acc_9": { body: { id: "acc_9", provider: "papertrail" } },
  };

  it("shows a stored secret as dots and does not send it", async () => {
    const hub = renderHub({ routes });
    await heading("Edit Papertrail");
    expect(screen.getByLabelText<HTMLInputElement>("Client Secret").value).toBe("••••••••••9x2f");
    type("Client ID", "new_id");
    fireEvent.click(await button("Save"));
    await heading("Changes saved");
    expect(hub.callsTo("PATCH", "/hub/accounts/acc_9")[0]?.body).toEqual({
      integration_id: "profile_1",
      credentials: { clientId: "new_id", region: "eu" },
    });
    expect(hub.callsTo("GET", "/hub/connectors?provider=papertrail")).toHaveLength(1);
  });

  it("replaces a secret after Edit, requires a value, and keeps the stored one after Undo", async () => {
    const hub = renderHub({ routes });
    fireEvent.click(await button("Edit Client Secret"));
    expect(document.activeElement?.id).toBe("field-clientSecret");
    fireEvent.click(await button("Save"));
    expect(screen.getByText("Client Secret is required")).toBeTruthy();
    type("Client Secret", "fresh");
    fireEvent.click(await button(/^Undo/));
    const edit = await button("Edit Client Secret");
    expect(document.activeElement).toBe(edit);
    fireEvent.click(await button("Edit Client Secret"));
    type("Client Secret", "fresh");
    fireEvent.click(await button("Save"));
    await heading("Changes saved");
    expect(hub.callsTo("PATCH", "/hub/accounts/acc_9")[0]?.body).toMatchObject({
      credentials: { clientSecret: "fresh" },
    });
  });

  it("requires the stored secrets again at once when an address changes, and keeps them when it is restored", async () => {
    const site = field("site", "Site", { shapesAddress: true });
    const secret = field("clientSecret", "Client Secret", {
      type: "password",
      secret: true,
      required: false,
    });
    const stored = { ...account, setupInformation: { site: "acme.example.com" } };
    const hub = renderHub({
      routes: {
        ...routes,
        ...withConnector({ configFields: [site, secret] }),
        "GET /hub/accounts/acc_9": { body: stored },
      },
    });
    await heading("Edit Papertrail");
    type("Site", "Acme.example.com.");
    expect(screen.queryByText("Enter the secrets again")).toBeNull();
    type("Site", "evil.example.com");
    expect(screen.getByText("Enter the secrets again")).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>("Client Secret").value).toBe("");
    fireEvent.click(await button("Save"));
    expect(screen.getByText("Client Secret is required")).toBeTruthy();
    expect(hub.callsTo("PATCH", "/hub/accounts/acc_9")).toHaveLength(0);
    type("Site", "acme.example.com");
    expect(screen.queryByText("Enter the secrets again")).toBeNull();
    expect(screen.getByLabelText<HTMLInputElement>("Client Secret (optional)").value).toBe("••••••••••9x2f");
    type("Site", "new.example.com");
    type("Client Secret", "fresh");
    fireEvent.click(await button("Save"));
    await heading("Changes saved");
    expect(hub.callsTo("PATCH", "/hub/accounts/acc_9")[0]?.body).toMatchObject({
      credentials: { site: "new.example.com", clientSecret: "fresh" },
    });
  });

  it("edits the account that the host specifies, and says if it does not exist", async () => {
    const missing = { "GET /hub/accounts/acc_7": { status: 404, body: { message: "no such account" } } };
    const hub = renderHub({ framed: true, routes: missing });
    hub.receive({ target: "patchbay-hub", version: 1, type: "init", accountId: "acc_7" });
    await heading("This account cannot be edited here");
  });
});

describe("authorization at the provider", () => {
  const oauth = withConnector({ type: "oauth2", configFields: [field("site", "Site")] });
  const launchUrl = "/connect/oauth2/profile_1?patchbay_ticket=t";
  const prepared = { status: 201, body: { id: "att_1", url: launchUrl } };

  it("sends the window to the server, and returns to the form when the user cancels", async () => {
    const popup = { closed: false, close: vi.fn(), location: { replace: vi.fn() } };
    const hub = renderHub({
      popup,
      routes: {
        ...oauth,
        "POST /hub/connection_attempts": prepared,
        "GET /hub/connection_attempts/att_1": { body: { status: "pending", account: null, error: null } },
        "DELETE /hub/connection_attempts/att_1": { status: 200 },
      },
    });
    await screen.findByLabelText("Site");
    type("Site", "acme & co");
    fireEvent.click(await button("Connect"));
    await heading("Authorize at Papertrail");
    await waitFor(() => expect(popup.location.replace).toHaveBeenCalledOnce());
    // The values are sent in the body; the address contains only a launch code.
    expect(popup.location.replace).toHaveBeenCalledWith(launchUrl);
    expect(hub.callsTo("POST", "/hub/connection_attempts").map(({ body }) => body)).toEqual([
      {
        integration_id: "profile_1",
        credentials: { site: "acme & co" },
        redirect_uri: "https://patchbay.example.com/embedded/accounts/callback",
      },
    ]);
    fireEvent.click(await button("Cancel"));
    await heading("Connect Papertrail");
    expect(popup.close).toHaveBeenCalled();
    await waitFor(() => expect(hub.callsTo("DELETE", "/hub/connection_attempts/att_1")).toHaveLength(1));
    expect(screen.getByLabelText<HTMLInputElement>("Site").value).toBe("acme & co");
  });

  it("offers a link if the browser blocks the window", async () => {
    const hub = renderHub({
      routes: { ...oauth, "POST /hub/connection_attempts": prepared },
    });
    await screen.findByLabelText("Site");
    type("Site", "acme");
    fireEvent.click(await button("Connect"));
    const link = await screen.findByRole("link", { name: "Open Papertrail" });
    expect(link.getAttribute("href")).toBe(launchUrl);
    fireEvent.click(await button("Continue in this tab"));
    expect(hub.opened.at(-1)).toBe(link.getAttribute("href"));
  });
});

describe("the host page", () => {
  it("is the only page whose messages count, and can change the theme later", async () => {
    const hub = renderHub({ framed: true });
    const init = { target: "patchbay-hub", version: 1, type: "init" };
    hub.receive({ ...init, theme: "dark" }, { origin: "https://evil.example.com" });
    hub.receive({ ...init, theme: "dark" }, { source: {} });
    hub.receive({ ...init, theme: "dark", version: 2 });
    expect(document.documentElement.dataset.theme).toBe("light");
    hub.receive({ ...init, theme: "dark" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
    hub.receive({ ...init, theme: "light" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("light"));
  });

  it("can hide the footer", async () => {
    const hub = renderHub({ framed: true });
    hub.receive({ target: "patchbay-hub", version: 1, type: "init", showFooterLinks: false });
    await heading("Connect Papertrail");
    expect(screen.queryByRole("contentinfo")).toBeNull();
  });

  it("is optional: without one, the success screen says that the tab can be closed", async () => {
    const hub = renderHub();
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(screen.getByText(/You can close this tab/)).toBeTruthy();
    expect(hub.sent).toEqual([]);
  });

  it("is not needed by the OAuth callback page, which closes its window", async () => {
    const hub = renderHub({ environment: { page: "callback", token: null } });
    await heading("Done");
    expect(hub.opened).toEqual(["closed"]);
  });

  it("keeps the focus until the user interacts with the Hub", async () => {
    renderHub();
    await heading("Connect Papertrail");
    expect(document.activeElement).toBe(document.body);
    fireEvent.keyDown(document.body, { key: "Tab" });
    await fillIn();
    fireEvent.click(await button("Connect"));
    const title = await heading("Papertrail is connected");
    expect(document.activeElement).toBe(title);
  });
});
