/** The page as a reader meets it: each screen, and the ways between them. */

import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { config, field, guide, integration } from "./testing/fixtures.ts";
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

const withConfig = (more: Parameters<typeof config>[0]): Routes => ({
  "GET /hub/connectors/profile_1": { body: { config: config(more) } },
});

beforeEach(() => {
  // Enough room for the guide beside the form; single tests make it narrow.
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: query.includes("min-width"),
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
});

afterEach(cleanup);

describe("before the form", () => {
  it("says when the link holds no token", async () => {
    const hub = renderHub({ environment: { token: null } });
    await heading("This link is not complete");
    expect(hub.calls).toEqual([]);
  });

  it("says when the session has expired or is foreign", async () => {
    renderHub({ routes: { "GET /hub/settings": { status: 401, body: { message: "expired" } } } });
    await heading("This link has expired");
    expect(screen.getByText(/for a new one/)).toBeTruthy();
  });

  it("offers to try again when the server is away, and goes on when it is back", async () => {
    let away = true;
    const settings = () => (away ? new TypeError("offline") : { body: {} });
    renderHub({ routes: { "GET /hub/settings": settings } });
    await heading("No connection");
    away = false;
    fireEvent.click(await button("Try again"));
    await heading("Connect Papertrail");
  });

  it("says when nothing is configured", async () => {
    renderHub({
      routes: { "GET /hub/connectors": { body: { integrations: [integration({ active: false })] } } },
    });
    await heading("Nothing to connect yet");
  });

  it("says when the only profile was disabled", async () => {
    const refused = { status: 412, body: { message: "its profile is disabled" } };
    renderHub({ routes: { "GET /hub/connectors/profile_1": refused } });
    await heading("Papertrail is not available at the moment");
    expect(screen.getByText("its profile is disabled")).toBeTruthy();
  });

  it("sends the session's token with every call and nowhere else", async () => {
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
    integration(),
    integration({ integration_id: "profile_2", name: "Ledger", provider: "ledger", type: "accounting" }),
    integration({ integration_id: "profile_3", name: "Quill", provider: "quill", type: "documents" }),
  ];
  const routes: Routes = { "GET /hub/connectors": { body: { integrations: many } } };
  const rows = () => within(screen.getByRole("list")).getAllByRole("button");

  it("shows what may be linked, for whom, and opens what is picked", async () => {
    renderHub({ routes });
    await heading("Connect an account");
    expect(screen.getByText(/For Northwind/)).toBeTruthy();
    expect(rows()).toHaveLength(3);
    fireEvent.click(await button(/^Papertrail|Papertrail/));
    await heading("Connect Papertrail");
    fireEvent.click(await button("Back to the list"));
    await heading("Connect an account");
  });

  it("tells two profiles of one connector apart by their names", async () => {
    const twins = [
      integration({ integration_name: "Papertrail" }),
      integration({ integration_id: "profile_2", integration_name: "For lawyers" }),
    ];
    renderHub({ routes: { "GET /hub/connectors": { body: { integrations: twins } } } });
    await heading("Connect an account");
    expect(rows()[0]?.textContent).not.toContain("For lawyers");
    expect(rows()[1]?.textContent).toContain("For lawyers");
  });

  it("narrows by search and category, and says when nothing is left", async () => {
    renderHub({ routes });
    await heading("Connect an account");
    fireEvent.click(await button("Documents"));
    expect(rows()).toHaveLength(2);
    fireEvent.change(screen.getByLabelText("Search connectors"), { target: { value: "ledg" } });
    expect(screen.getByText("No connector found", { selector: "p" })).toBeTruthy();
    fireEvent.click(await button("Show all"));
    expect(rows()).toHaveLength(3);
  });

  it("is walked through by the arrow keys", async () => {
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
  it("links the account and tells the host once", async () => {
    const hub = renderHub({ framed: true });
    hub.hear({ target: "patchbay-hub", version: 1, type: "init", closeLabel: "Finish" });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(hub.of("POST", "/hub/accounts").map((call) => call.body)).toEqual([
      {
        integration_id: "profile_1",
        credentials: { clientId: "id_1", clientSecret: "s3cret", region: "us" },
      },
    ]);
    fireEvent.click(await button("Finish"));
    expect(hub.said()).toEqual(["ready", "success", "AccountConnected", "close"]);
    expect(new Set(hub.sent.map(({ origin }) => origin))).toEqual(new Set(["https://app.example.com"]));
    expect(JSON.stringify(hub.sent)).not.toContain("s3cret");
  });

  it("shows problems on leaving a field and on sending, and leads to the first", async () => {
    const hub = renderHub();
    const email = await screen.findByLabelText(/Act as user/);
    fireEvent.change(email, { target: { value: "nobody" } });
    expect(screen.queryByText(/right form/)).toBeNull();
    fireEvent.blur(email);
    expect(screen.getByText("Act as user does not have the right form")).toBeTruthy();
    fireEvent.click(await button("Connect"));
    expect(screen.getByText("Client ID is required")).toBeTruthy();
    expect(document.activeElement?.id).toBe("field-clientId");
    expect(document.activeElement?.getAttribute("aria-invalid")).toBe("true");
    expect(hub.of("POST", "/hub/accounts")).toEqual([]);
  });

  it("shows the provider's refusal with its answer, and keeps what was typed", async () => {
    const refusal = {
      message: "Papertrail refuses the credentials",
      provider_response: '{"detail":"bad secret"}',
    };
    renderHub({ routes: { "POST /hub/accounts": { status: 400, body: refusal } } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("Papertrail refuses the credentials");
    expect(alert.querySelector("pre")?.textContent).toBe('{\n  "detail": "bad secret"\n}');
    expect(screen.getByLabelText<HTMLInputElement>("Client Secret").value).toBe("s3cret");
  });

  it("puts what the server says of a field beside that field, until it is changed", async () => {
    const body = {
      message: "not valid",
      errors: [{ path: "credentials.email", code: "x", message: "No member" }],
    };
    renderHub({ routes: { "POST /hub/accounts": { status: 400, body } } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await screen.findByText("No member");
    fireEvent.change(screen.getByLabelText(/Act as user/), { target: { value: "a@b" } });
    expect(screen.queryByText("No member")).toBeNull();
  });

  it("tries the same again after a lost connection", async () => {
    let away = true;
    const link = () => (away ? new TypeError("offline") : { body: { id: "acc_1", provider: "papertrail" } });
    const hub = renderHub({ routes: { "POST /hub/accounts": link } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    away = false;
    fireEvent.click(await button("Try again"));
    await heading("Papertrail is connected");
    const [first, second] = hub.of("POST", "/hub/accounts");
    expect(second?.body).toEqual(first?.body);
  });

  it("says when the profile was disabled or the session ended meanwhile", async () => {
    const hub = renderHub({
      routes: { "POST /hub/accounts": { status: 412, body: { message: "disabled" } } },
    });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is not available at the moment");
    hub.unmount();
    renderHub({ routes: { "POST /hub/accounts": { status: 401, body: { message: "over" } } } });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("This link has expired");
  });

  it("can be given up while the provider is slow, and is then as it was typed", async () => {
    const hub = renderHub({ framed: true, routes: { "POST /hub/accounts": "never" } });
    hub.hear({ target: "patchbay-hub", version: 1, type: "init" });
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Connecting to Papertrail");
    fireEvent.click(await button("Cancel"));
    await heading("Connect Papertrail");
    expect(screen.getByLabelText<HTMLInputElement>("Client ID").value).toBe("id_1");
    expect(hub.said()).toEqual(["ready"]);
    fireEvent.click(await button("Cancel"));
    expect(hub.said()).toEqual(["ready", "cancel"]);
  });

  it("fills in the sandbox's credentials", async () => {
    const credentials = { clientId: "sandbox_id", clientSecret: "sandbox_secret" };
    const hub = renderHub({ routes: withConfig({ sandbox: { credentials } }) });
    fireEvent.click(await button("Fill in"));
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(hub.of("POST", "/hub/accounts")[0]?.body).toMatchObject({ credentials });
  });

  it("shows a field when its condition comes true, notices at their places, and a hidden field never", async () => {
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
    renderHub({ routes: withConfig(more) });
    await screen.findByLabelText("Plan");
    expect(screen.queryByLabelText("Host")).toBeNull();
    expect(screen.queryByLabelText("Hidden")).toBeNull();
    expect(await button("Copy Hook")).toBeTruthy();
    type("Plan", "own");
    const host = screen.getByLabelText("Host");
    const warned = screen.getByText("host", { selector: "strong" });
    expect(warned.compareDocumentPosition(host)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  });

  it("shows and hides what is typed into a password", async () => {
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
  it("is one click from the field and back", async () => {
    renderHub({ routes: withConfig({ guide }) });
    fireEvent.click(await button("Where do I find this? (Client Secret)"));
    expect(document.activeElement?.textContent).toContain("Copy both values");
    fireEvent.click(await button("Enter Client ID"));
    expect(document.activeElement?.id).toBe("field-clientId");
    const link = screen.getByRole("link", { name: "Open the guide on its own page" });
    expect(link.getAttribute("target")).toBe("_blank");
  });

  it("lists the scopes that are needed, and copies them in one piece", async () => {
    const step = {
      title_html: "Tick the scopes",
      html: null,
      scopes: [{ name: "things:read", description: "Read things" }, { name: "things:write" }],
      scopes_text: "things:read,things:write",
      scopes_note: "These are for all actions.",
      fields: [],
    };
    const copied: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void copied.push(text) } });
    renderHub({
      routes: withConfig({ guide: { ...guide, sections: [{ title: "Scopes", html: null, steps: [step] }] } }),
    });
    fireEvent.click(await button("Copy the scopes"));
    expect(screen.getByText("Read things")).not.toBeNull();
    expect(screen.getByText("These are for all actions.")).not.toBeNull();
    expect(copied).toEqual(["things:read,things:write"]);
  });

  it("comes back when it was hidden and is asked for", async () => {
    renderHub({ routes: withConfig({ guide }) });
    fireEvent.click(await button("Hide the guide"));
    expect(screen.getByText("Open the settings").closest("[hidden]")).not.toBeNull();
    fireEvent.click(await button("Where do I find this? (Client ID)"));
    expect(screen.getByText("Open the settings").closest("[hidden]")).toBeNull();
  });

  it("is a tab where there is little room, and nothing typed is lost", async () => {
    vi.stubGlobal("matchMedia", () => ({
      matches: false,
      addEventListener: () => {},
      removeEventListener: () => {},
    }));
    renderHub({ routes: withConfig({ guide }) });
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

  it("shows dots for a stored secret and does not send it", async () => {
    const hub = renderHub({ routes });
    await heading("Edit Papertrail");
    expect(screen.getByLabelText<HTMLInputElement>("Client Secret").value).toBe("••••••••••9x2f");
    type("Client ID", "new_id");
    fireEvent.click(await button("Save"));
    await heading("Changes saved");
    expect(hub.of("PATCH", "/hub/accounts/acc_9")[0]?.body).toEqual({
      integration_id: "profile_1",
      credentials: { clientId: "new_id", region: "eu" },
    });
    expect(hub.of("GET", "/hub/connectors?provider=papertrail")).toHaveLength(1);
  });

  it("replaces a secret after Edit, asks for one that is left empty, and keeps the old after Undo", async () => {
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
    expect(hub.of("PATCH", "/hub/accounts/acc_9")[0]?.body).toMatchObject({
      credentials: { clientSecret: "fresh" },
    });
  });

  it("takes the account that the host names, and says when it is not there", async () => {
    const missing = { "GET /hub/accounts/acc_7": { status: 404, body: { message: "no such account" } } };
    const hub = renderHub({ framed: true, routes: missing });
    hub.hear({ target: "patchbay-hub", version: 1, type: "init", accountId: "acc_7" });
    await heading("This account cannot be edited here");
  });
});

describe("signing in at the provider", () => {
  const oauth = withConfig({ type: "oauth2", configFields: [field("site", "Site")] });
  const way = "/connect/oauth2/profile_1?patchbay_ticket=t";
  const prepared = { status: 201, body: { id: "att_1", url: way } };

  it("hands the window over to the server, and comes back when the reader cancels", async () => {
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
    await heading("Sign in at Papertrail");
    await waitFor(() => expect(popup.location.replace).toHaveBeenCalledOnce());
    // What was typed and the session's token go in the body; the address has a ticket alone.
    expect(popup.location.replace).toHaveBeenCalledWith(way);
    expect(hub.of("POST", "/hub/connection_attempts").map(({ body }) => body)).toEqual([
      {
        token: "token_1",
        integration_id: "profile_1",
        credentials: { site: "acme & co" },
        redirect_uri: "https://patchbay.example.com/embedded/accounts/callback",
      },
    ]);
    fireEvent.click(await button("Cancel"));
    await heading("Connect Papertrail");
    expect(popup.close).toHaveBeenCalled();
    await waitFor(() => expect(hub.of("DELETE", "/hub/connection_attempts/att_1")).toHaveLength(1));
    expect(screen.getByLabelText<HTMLInputElement>("Site").value).toBe("acme & co");
  });

  it("offers the way by hand when the browser blocks the window", async () => {
    const hub = renderHub({
      routes: { ...oauth, "POST /hub/connection_attempts": prepared },
    });
    await screen.findByLabelText("Site");
    type("Site", "acme");
    fireEvent.click(await button("Connect"));
    const link = await screen.findByRole("link", { name: "Open Papertrail" });
    expect(link.getAttribute("href")).toBe(way);
    fireEvent.click(await button("Go there in this tab"));
    expect(hub.opened.at(-1)).toBe(link.getAttribute("href"));
  });
});

describe("the page around it", () => {
  it("hears only its host, and follows a later theme", async () => {
    const hub = renderHub({ framed: true });
    const init = { target: "patchbay-hub", version: 1, type: "init" };
    hub.hear({ ...init, theme: "dark" }, { origin: "https://evil.example.com" });
    hub.hear({ ...init, theme: "dark" }, { source: {} });
    hub.hear({ ...init, theme: "dark", version: 2 });
    expect(document.documentElement.dataset.theme).toBe("light");
    hub.hear({ ...init, theme: "dark" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
    hub.hear({ ...init, theme: "light" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("light"));
  });

  it("hides the footer when the host says so", async () => {
    const hub = renderHub({ framed: true });
    hub.hear({ target: "patchbay-hub", version: 1, type: "init", showFooterLinks: false });
    await heading("Connect Papertrail");
    expect(screen.queryByRole("contentinfo")).toBeNull();
  });

  it("says on its own page that the tab can be closed", async () => {
    const hub = renderHub();
    await fillIn();
    fireEvent.click(await button("Connect"));
    await heading("Papertrail is connected");
    expect(screen.getByText(/You can close this tab/)).toBeTruthy();
    expect(hub.sent).toEqual([]);
  });

  it("ends a sign-in by closing its window", async () => {
    const hub = renderHub({ environment: { page: "callback", token: null } });
    await heading("Done");
    expect(hub.opened).toEqual(["closed"]);
  });

  it("moves the focus to the new screen only after the reader has done something", async () => {
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
