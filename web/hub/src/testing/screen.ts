/** What the tests of the whole page do on the screen, as a user does. */

import { fireEvent, screen } from "@testing-library/react";
import { vi } from "vitest";
import { connector } from "./fixtures.ts";
import type { Routes } from "./renderHub.tsx";

export const button = (name: string | RegExp) => screen.findByRole("button", { name });

export const heading = (name: string | RegExp) => screen.findByRole("heading", { level: 1, name });

export const type = (label: string, value: string): void => {
  fireEvent.change(screen.getByLabelText(label, { exact: true }), { target: { value } });
};

/** Fills in the required fields of the connector. */
export async function fillIn(): Promise<void> {
  await screen.findByLabelText("Client ID");
  type("Client ID", "id_1");
  type("Client Secret", "s3cret");
}

/** Returns the route of a connector that differs from the usual one. */
export const withConnector = (more: Parameters<typeof connector>[0]): Routes => ({
  "GET /hub/connectors/profile_1": { body: { config: connector(more) } },
});

/** Makes the screen wide enough for the guide next to the form. */
export const widenScreen = () =>
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: query.includes("min-width"),
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
