/** Test data: a connector with a guide and a sandbox, and functions to vary it. */

import { textField } from "@patchbay/web-shared/testing.ts";
import type { Connector, ConnectorProfile, Field } from "../api/types.ts";

export const field = (key: string, label: string, more: Partial<Field> = {}): Field => ({
  ...textField(key, label),
  ...more,
});

export const connector = (more: Partial<Connector> = {}): Connector => ({
  key: "papertrail",
  name: "Papertrail",
  type: "custom",
  configFields: [
    field("clientId", "Client ID"),
    field("clientSecret", "Client Secret", { type: "password", secret: true }),
    field("region", "Region", {
      type: "select",
      value: "us",
      options: [
        { label: "United States", value: "us" },
        { label: "Europe", value: "eu" },
      ],
    }),
    field("email", "Act as user", {
      required: false,
      validation: { type: "html-pattern", pattern: ".+@.+" },
    }),
  ],
  configNotices: [],
  icon: null,
  support: null,
  sandbox: null,
  guide: null,
  ...more,
});

const noScopes = { scopes: [], scopes_text: null, scopes_note: null };

export const guide = {
  title: "Connect Papertrail",
  url: "/guides/papertrail/custom",
  warning_html: "<p>Administrators only.</p>",
  sections: [
    {
      title: "Get the credentials",
      html: null,
      steps: [
        { title_html: "Open the settings", html: null, ...noScopes, fields: [] },
        { title_html: "Copy both values", html: null, ...noScopes, fields: ["clientId", "clientSecret"] },
      ],
    },
  ],
};

export const profile = (more: Partial<ConnectorProfile> = {}): ConnectorProfile => ({
  integration_id: "profile_1",
  active: true,
  name: "Papertrail",
  provider: "papertrail",
  type: "documents",
  logo_url: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E",
  description: "Documents",
  version: "1.0.0",
  environment: "production",
  authentication_config_key: "custom",
  authentication_config_label: null,
  integration_name: "Papertrail",
  ...more,
});
