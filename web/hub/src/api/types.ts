/** The types of the Hub API, from the server's OpenAPI document, and what the page makes of them. */

import type { components } from "@patchbay/web-shared/api.gen.ts";

type Schemas = components["schemas"];

export type Settings = Schemas["HubSettings"];
/** A connector profile that the session can link. */
export type ConnectorProfile = Schemas["Integration"];
export type FieldKind = Schemas["FieldKind"];
export type FieldOption = Schemas["FieldOption"];
export type Notice = Schemas["Notice"];
export type Guide = Schemas["HubGuide"];
export type GuideSection = Schemas["HubGuideSection"];
export type GuideStep = Schemas["HubGuideStep"];
export type StoredAccount = Schemas["HubAccount"];
export type LinkedAccount = Schemas["LinkedAccount"];
export type StartedAttempt = Schemas["StartedAttempt"];
export type Attempt = Schemas["Attempt"];
export type AttemptStatus = Schemas["AttemptStatus"];
export type CatalogResponse = Schemas["HubCatalog"];
export type ConnectorResponse = Schemas["HubConnector"];

/**
 * A field of the form. Other servers may omit members, and send other notations of `condition` and the validation type
 * `domain`.
 */
export type Field = Pick<Schemas["Field"], "key" | "label"> &
  Partial<Omit<Schemas["Field"], "key" | "label" | "validation" | "condition" | "display">> & {
    condition?: unknown;
    display?: boolean;
    validation?: {
      type: Schemas["ValidationKind"] | "domain";
      pattern: string;
      error?: string | null;
    } | null;
  };

/** A connector as a profile offers it: the form, its guide, and how to authenticate. */
export interface Connector {
  key: string;
  name: string;
  type: Schemas["AuthType"];
  grantType?: Schemas["GrantType"];
  configFields: Field[];
  configNotices: Notice[];
  icon: string | null;
  support: Schemas["HubSupport"] | null;
  sandbox: Schemas["HubSandbox"] | null;
  guide: Guide | null;
}

/** What the session can link. */
export interface Catalog {
  profiles: ConnectorProfile[];
  /** The value of the read-only field of that name, which the server creates for this session. */
  externalTriggerToken: string | null;
}
