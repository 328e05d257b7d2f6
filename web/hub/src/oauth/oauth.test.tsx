/** An authorization at the provider from the user's point of view. */

import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { field } from "../testing/fixtures.ts";
import { renderHub } from "../testing/renderHub.tsx";
import { button, heading, type, widenScreen, withConnector } from "../testing/screen.ts";

beforeEach(widenScreen);
afterEach(cleanup);

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
