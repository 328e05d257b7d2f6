/** The form of a linked account from the user's point of view. */

import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { field } from "../testing/fixtures.ts";
import { type Routes, renderHub } from "../testing/renderHub.tsx";
import { button, heading, type, widenScreen, withConnector } from "../testing/screen.ts";

beforeEach(widenScreen);
afterEach(cleanup);

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
