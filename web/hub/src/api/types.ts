/** What the Hub API speaks: the wire's names, as the server sends them. */

export interface Settings {
  existing_account_id?: string | null;
  session?: { owner_name?: string | null; expires_at?: string | null; label?: string | null } | null;
}

/** A connector profile that the session may link. */
export interface Integration {
  integration_id: string;
  active: boolean;
  name: string;
  provider: string;
  /** The category, such as `documents`. */
  type: string | null;
  logo_url?: string | null;
  description?: string | null;
  environment?: string | null;
  authentication_config_label?: string | null;
  /** What the project calls this profile of the connector. */
  integration_name?: string | null;
}

export type FieldKind = "text" | "password" | "number" | "select" | "text_area";

export interface FieldOption {
  label: string;
  value: string;
}

export interface Field {
  key: string;
  label: string;
  type?: FieldKind;
  required?: boolean;
  readOnly?: boolean;
  secret?: boolean;
  placeholder?: string;
  description?: string;
  tooltip?: string;
  options?: FieldOption[];
  value?: string | number | boolean | null;
  condition?: unknown;
  validation?: { type: string; pattern: string; error?: string | null } | null;
  display?: boolean;
}

export interface Notice {
  key: string;
  type: "warning" | "info";
  description: string;
  position: "top" | "bottom";
  /** The field before which it stands. */
  anchor?: string | null;
}

export interface GuideStep {
  title_html: string;
  html: string | null;
  scopes: { name: string; description?: string | null }[];
  /** All of them in one text, parted as the provider parts them; for copying. */
  scopes_text?: string | null;
  /** What is to be known of the list. */
  scopes_note?: string | null;
  /** The form's fields whose values this step yields. */
  fields: string[];
}

export interface GuideSection {
  title: string;
  html: string | null;
  steps: GuideStep[];
}

export interface Guide {
  title: string;
  url: string | null;
  warning_html: string | null;
  sections: GuideSection[];
}

export interface Config {
  key: string;
  name: string;
  type: "custom" | "oauth2" | "mcp";
  grantType?: string;
  configFields: Field[];
  configNotices: Notice[];
  icon: string | null;
  support: { link: string; description?: string | null } | null;
  sandbox: { credentials: Record<string, string> } | null;
  guide: Guide | null;
}

/** What the session may link. */
export interface Catalog {
  integrations: Integration[];
  /** The value of the read-only field of that name, made by the server for this session. */
  externalTriggerToken: string | null;
}

export interface StoredAccount {
  secureId: string;
  provider: string;
  integrationId: string;
  setupInformation: Record<string, unknown>;
  secrets: Record<string, string>;
}

export interface LinkedAccount {
  id: string;
  provider: string;
}

export type AttemptStatus = "pending" | "authenticated" | "error" | "cancelled" | "expired";

export interface Attempt {
  status: AttemptStatus;
  account: { id: string } | null;
  error: { code: string; description: string } | null;
}
