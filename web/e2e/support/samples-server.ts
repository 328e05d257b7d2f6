/** A server of its own for the samples of a page, so that what they change concerns no other test. */
import { setTimeout } from "node:timers/promises";
import { logIn } from "./dashboard.ts";
import { SANDBOX, type Server, startServer } from "./server.ts";

/** The environment that samples read. */
export interface SampleEnvironment extends Record<string, string> {
  /** The server's URL. */
  readonly PATCHBAY: string;
  /** An API key with every scope. */
  readonly KEY: string;
  /** A linked SpotDraft account of the owner `customer-123`. */
  readonly ACCOUNT: string;
}

/** A server with an API key of every scope and a linked account. */
export interface SampleServer {
  readonly server: Server;
  readonly environment: SampleEnvironment;
}

/** Starts a server for samples. */
export async function startSampleServer(
  binary: string,
  options: readonly string[] = [],
): Promise<SampleServer> {
  // What the samples name is created for each of them.
  const server = await startServer(binary, ["--key-requests-per-minute", "0", ...options]);
  try {
    const key = await createKey(server);
    return { server, environment: { PATCHBAY: server.url, KEY: key, ACCOUNT: await link(server, key) } };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Creates a key with every scope: only a member of the project may do so, not a key without these scopes. */
async function createKey(server: Server): Promise<string> {
  const { cookie } = await logIn(server);
  const scopes = [
    "platform:read",
    "platform:write",
    "actions:execute",
    "connectors:read",
    "connectors:write",
  ];
  const headers = { cookie: `${cookie.name}=${cookie.value}`, "x-requested-with": "patchbay" };
  const body = { name: "samples", scopes: [...scopes, "credentials:read"] };
  return (await post(`${server.url}/api_keys`, headers, body)).key;
}

/** Links an account of the owner `customer-123` and returns its ID: that of the linked account, if there is one. */
async function link(server: Server, key: string): Promise<string> {
  const hub = { "x-hub-session-token": (await createSession(server, key)).token };
  const { integrations } = await (await fetch(`${server.url}/hub/connectors`, { headers: hub })).json();
  const profile = integrations.find(({ provider }: { provider: string }) => provider === "spotdraft");
  const account = { integration_id: profile.integration_id, credentials: { ...SANDBOX, region: "us" } };
  return (await post(`${server.url}/hub/accounts`, hub, account)).id;
}

const createSession = (server: Server, key: string): Promise<{ id: number; token: string }> =>
  post(`${server.url}/connect_sessions`, basic(key), {
    origin_owner_id: "customer-123",
    origin_owner_name: "Acme",
  });

const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` });

/** How often a log that is being written is looked for, and the pause between two looks. */
const MAX_LOOKS = 100;
const LOOK_PAUSE_MILLIS = 50;

/** Values that the samples of an operation read. They exist at each run: an operation may delete or use up what they name. */
export interface OperationEnvironment extends SampleEnvironment {
  /** The token of a connect session. */
  readonly TOKEN: string;
  readonly SESSION_ID: string;
  readonly KEY_ID: string;
  /** A connector profile: of SpotDraft, or one whose accounts are authorized at the provider. */
  readonly PROFILE: string;
  /** A connection attempt of the session. */
  readonly ATTEMPT: string;
  readonly WEBHOOK: string;
  /** A delivery of the webhook. */
  readonly DELIVERY: string;
  /** A replay of its deliveries. */
  readonly REPLAY: string;
  /** The log of an action that ran. */
  readonly RUN: string;
  /** The log of a raw request. */
  readonly RAW_REQUEST: string;
  /** What the raw request sent to the provider. */
  readonly REQUEST: string;
}

/** Creates what the samples of an operation name. */
export async function operationEnvironment(
  { server, environment: { PATCHBAY, KEY } }: SampleServer,
  authorizes: boolean,
): Promise<OperationEnvironment> {
  const [url, headers] = [server.url, basic(KEY)];
  const session = await createSession(server, KEY);
  const key = await post(`${url}/api_keys`, headers, { name: "to change", scopes: ["platform:read"] });
  const typed = await post(`${url}/auth_configs`, headers, { connector_key: "spotdraft" });
  const authorized = await post(`${url}/auth_configs`, headers, {
    connector_key: "github",
    authentication_config_key: "oauth2",
    setup_information: { clientId: "client", clientSecret: "secret" },
  });
  const hub = { "x-hub-session-token": session.token };
  const attempt = await post(`${url}/hub/connection_attempts`, hub, { integration_id: authorized.id });
  const account = await link(server, KEY);
  return {
    PATCHBAY,
    KEY,
    ACCOUNT: account,
    TOKEN: session.token,
    SESSION_ID: String(session.id),
    KEY_ID: key.id,
    PROFILE: authorizes ? authorized.id : typed.id,
    ATTEMPT: attempt.id,
    ...(await createWebhook(url, headers)),
    ...(await createLogs(url, headers, account)),
  };
}

/** Runs an action and sends a raw request, and returns their logs. */
async function createLogs(url: string, headers: Record<string, string>, account: string) {
  const call = { ...headers, "x-account-id": account };
  await post(`${url}/actions/rpc`, call, { action: "spotdraft_list_contracts", query: { limit: 1 } });
  await post(`${url}/unified/proxy`, call, { method: "get", path: "/contract_types/" });
  const filters = { account_secure_id: [account] };
  const newest = async (path: string, action = {}): Promise<string> => {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const [log] = (await post(`${url}${path}`, headers, { filters: { ...filters, ...action } })).data;
      if (log !== undefined) return log.log_id;
      await setTimeout(LOOK_PAUSE_MILLIS);
    }
    throw new Error(`${path} lists no log of the account`);
  };
  const raw = await newest("/logs/unified");
  const requests = await (await fetch(`${url}/logs/unified/${raw}/provider`, { headers })).json();
  // Linking ran an action too.
  const run = await newest("/logs/actions", { action_id: ["spotdraft_list_contracts"] });
  return { RUN: run, RAW_REQUEST: raw, REQUEST: requests.data[0].id as string };
}

/** The webhooks that are left of earlier runs: a project can have 50. */
const MAX_WEBHOOKS = 40;

/** Creates a webhook with a delivery and a replay. */
async function createWebhook(url: string, headers: Record<string, string>) {
  const get = async (path: string) => (await (await fetch(`${url}${path}`, { headers })).json()).data;
  const left = await get("/webhooks");
  if (left.length > MAX_WEBHOOKS) {
    await fetch(`${url}/webhooks/${left[0].id}`, { method: "DELETE", headers });
  }
  const webhook = await post(`${url}/webhooks`, headers, {
    url: "https://receiver.invalid/patchbay",
    events: ["account.created"],
  });
  await post(`${url}/webhooks/${webhook.id}/test`, headers, {});
  const [delivery] = await get(`/webhooks/${webhook.id}/deliveries`);
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const replay = await post(`${url}/webhooks/${webhook.id}/replay`, headers, { since });
  return { WEBHOOK: String(webhook.id), DELIVERY: String(delivery.id), REPLAY: replay.id as string };
}

// biome-ignore lint/suspicious/noExplicitAny: the caller knows the response
async function post(url: string, headers: Record<string, string>, body: unknown): Promise<any> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${new URL(url).pathname}: ${response.status} ${text}`);
  return JSON.parse(text);
}
