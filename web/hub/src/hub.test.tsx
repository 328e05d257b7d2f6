/** The page from the user's point of view: the screens before the form, and the page around the Hub. */

import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { profile } from "./testing/fixtures.ts";
import { type Routes, renderHub } from "./testing/renderHub.tsx";
import { button, fillIn, heading, widenScreen } from "./testing/screen.ts";

beforeEach(widenScreen);
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
