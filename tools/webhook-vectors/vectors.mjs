// Signs requests as providers do, for `crates/patchbay-runtime/tests/it/inbound`.
import { createHmac, generateKeyPairSync, sign as rsaSign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

import { sign as githubSign } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const require = createRequire(import.meta.url);
const { Signature: HubSpotSignature } = require("@hubspot/api-client/lib/src/utils/signature.js");
const { verifySlackRequest } = require("@slack/bolt/dist/receivers/verify-request.js");
const payloads = require("@octokit/webhooks-examples");

const versions = JSON.parse(readFileSync(new URL("package.json", import.meta.url))).dependencies;
const out = new URL("../../crates/patchbay-runtime/tests/fixtures/inbound/", import.meta.url);
const now = "2026-12-01T12:00:00Z";
const seconds = Date.parse(now) / 1000;
const url = "https://gateway.example.com/webhooks/in/token";
const secret = "an example secret, 32 bytes long";
const hmac = (algorithm, key, text, encoding) => createHmac(algorithm, key).update(text).digest(encoding);
// Not ASCII only, and with spaces that a serializer of JSON would not write.
const json = (value) => `${JSON.stringify(value).replace(":", ": ")}\n`;

/** Adds a case: `signer` is the library or "node:crypto". */
const cases = {};
function add(provider, name, signer, { credentials = {}, type, events, scheme = "hmac", ...delivery }) {
  cases[provider] ??= { connector: provider, cases: [] };
  const by = signer in versions ? `${signer} ${versions[signer]}` : signer;
  cases[provider].cases.push({
    name: `${name} (${by})`,
    credentials,
    delivery: { now, url, ...delivery },
    received: { accepted: { scheme, type, events } },
  });
}
const received = (type, id, index = 0) => ({ action: "received", index, input: id === undefined ? { type } : { type, id } });
const type = { "content-type": "application/json" };
const credentials = { signingSecret: secret };

{
  const body = json({ action: "opened", issue: { title: "Grüße ✓" } });
  const headers = { ...type, "x-github-event": "issues", "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958" };
  headers["x-hub-signature-256"] = await githubSign(secret, body);
  const events = [received("issues.opened", headers["x-github-delivery"])];
  add("github", "an issue", "@octokit/webhooks-methods", { credentials, headers, body, type: "issues.opened", events });
}
{
  const body = json({ type: "event_callback", event_id: "Ev1", event: { type: "reaction_added" } });
  const signature = `v0=${hmac("sha256", secret, `v0:${seconds}:${body}`, "hex")}`;
  const headers = { ...type, "x-slack-request-timestamp": seconds, "x-slack-signature": signature };
  verifySlackRequest({ signingSecret: secret, body, headers, nowMilliseconds: seconds * 1000 });
  const events = [received("reaction_added", "Ev1")];
  add("slack", "an event", "@slack/bolt", { credentials, headers, body, type: "reaction_added", events });
  const form = "command=%2Fweather&text=94070";
  const signed = `v0=${hmac("sha256", secret, `v0:${seconds}:${form}`, "hex")}`;
  const formHeaders = { ...headers, "content-type": "application/x-www-form-urlencoded", "x-slack-signature": signed };
  verifySlackRequest({ signingSecret: secret, body: form, headers: formHeaders, nowMilliseconds: seconds * 1000 });
  add("slack", "a form", "@slack/bolt", { credentials, headers: formHeaders, body: form, type: "command", events: [received("command")] });
}
{
  const body = json({ id: "evt_1", type: "customer.created" });
  const header = (key) => new Stripe("sk_test_x").webhooks.generateTestHeaderString({ payload: body, secret: key, timestamp: seconds });
  const events = [received("customer.created", "evt_1")];
  const common = { credentials, body, type: "customer.created", events };
  add("stripe", "an event", "stripe", { ...common, headers: { ...type, "stripe-signature": header(secret) } });
  // While a secret is rotated, Stripe signs with both.
  const both = `${header("the secret before")},${header(secret).split(",")[1]},v0=6ffbb59b`;
  add("stripe", "two signatures", "stripe", { ...common, headers: { ...type, "stripe-signature": both } });
}
{
  const body = json([{ eventId: 1, subscriptionType: "contact.creation" }, { eventId: 2, subscriptionType: "contact.deletion" }]);
  const timestamp = seconds * 1000;
  const path = "?at=12%3A30%2C&mail=a%40b.example&kept=%20";
  const decoded = `${url}?at=12:30,&mail=a@b.example&kept=%20`;
  const signature = HubSpotSignature.getSignature("POST", "v3", { clientSecret: secret, requestBody: body, url: decoded, timestamp });
  const headers = { ...type, "x-hubspot-request-timestamp": timestamp, "x-hubspot-signature-v3": signature };
  const events = [received("contact.creation", 1, 0), received("contact.deletion", 2, 1)];
  add("hubspot", "two events", "@hubspot/api-client", { credentials, headers, body, url: url + path, type: "contact.creation", events });
}
{
  const whsec = `whsec_${Buffer.from(secret).toString("base64")}`;
  const body = json({ type: "contract.signed" });
  const signed = new Webhook(whsec).sign("msg_1", new Date(now), body);
  const other = new Webhook(`whsec_${Buffer.from("the secret before").toString("base64")}`).sign("msg_1", new Date(now), body);
  const headers = { ...type, "webhook-id": "msg_1", "webhook-timestamp": seconds };
  const common = { credentials: { signingSecret: whsec }, body, type: "contract.signed", events: [received("contract.signed", "msg_1")] };
  add("standard", "a message", "standardwebhooks", { ...common, headers: { ...headers, "webhook-signature": signed } });
  add("standard", "two signatures", "standardwebhooks", { ...common, headers: { ...headers, "webhook-signature": `${other} v1a,AAAA ${signed}` } });
}

// The providers without a library that signs.
const node = "node:crypto";
{
  const body = json({ type: "zen:event-type:user.created", id: "e1" });
  const headers = { ...type, "x-zendesk-webhook-signature-timestamp": now };
  headers["x-zendesk-webhook-signature"] = hmac("sha256", secret, now + body, "base64");
  add("zendesk", "an event", node, { credentials, headers, body, type: "zen:event-type:user.created", events: [received("zen:event-type:user.created", "e1")] });
}
{
  const body = json({ webhookEvent: "jira:issue_updated" });
  const headers = { ...type, "x-atlassian-webhook-identifier": "w1" };
  const common = { credentials, body, type: "jira:issue_updated", events: [received("jira:issue_updated", "w1")] };
  add("jira", "a signed body", node, { ...common, headers: { ...headers, "x-hub-signature": `sha256=${hmac("sha256", secret, body, "hex")}` } });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: "jira", iat: seconds - 30, exp: seconds + 180, qsh: "context-qsh" })}`;
  const authorization = `JWT ${text}.${hmac("sha256", secret, text, "base64url")}`;
  add("jira", "a token", node, { ...common, scheme: "jwt", headers: { ...headers, authorization } });
}
{
  const body = json({ events: [{ resourceId: "r1", eventCategory: "INVOICE", eventType: "UPDATE" }] });
  const headers = { ...type, "x-xero-signature": hmac("sha256", secret, body, "base64") };
  add("xero", "an event", node, { credentials, headers, body, events: [received("INVOICE.UPDATE", "r1")] });
}
{
  const body = json({ event: "meeting.started" });
  const headers = { ...type, "x-zm-request-timestamp": seconds, "x-zm-signature": `v0=${hmac("sha256", secret, `v0:${seconds}:${body}`, "hex")}` };
  add("zoom", "an event", node, { credentials, headers, body, type: "meeting.started", events: [received("meeting.started")] });
}
{
  const body = json({ id: "e1", type: "page.created" });
  const headers = { ...type, "x-notion-signature": `sha256=${hmac("sha256", "secret_kept", body, "hex")}` };
  add("notion", "an event", node, { credentials: { verificationToken: "secret_kept" }, headers, body, type: "page.created", events: [received("page.created", "e1")] });
}
{
  const body = json({ id: 820982911946154500 });
  const headers = { ...type, "x-shopify-topic": "orders/create", "x-shopify-webhook-id": "w1", "x-shopify-hmac-sha256": hmac("sha256", secret, body, "base64") };
  add("shopify", "an order", node, { credentials, headers, body, type: "orders/create", events: [received("orders/create", "w1")] });
}
{
  const body = json({ event: "invitee.created" });
  const headers = { ...type, "calendly-webhook-signature": `t=${seconds},v1=${hmac("sha256", secret, `${seconds}.${body}`, "hex")}` };
  add("calendly", "an event", node, { credentials, headers, body, type: "invitee.created", events: [received("invitee.created")] });
}
{
  const body = json({ action: "hire_candidate" });
  const headers = { ...type, "greenhouse-event-id": "g1", signature: `sha256 ${hmac("sha256", secret, body, "hex")}` };
  add("greenhouse", "an event", node, { credentials, headers, body, type: "hire_candidate", events: [received("hire_candidate", "g1")] });
}
{
  const body = json({ event_type: "CONTRACT_EXECUTED" });
  const headers = { ...type, "x-sd-webhook-content-hash": hmac("sha512", secret, body, "hex") };
  const subscription = { id: 1, hmac_key: Buffer.from(secret).toString("base64") };
  add("spotdraft", "an event", node, { subscription, headers, body, type: "CONTRACT_EXECUTED", events: [received("CONTRACT_EXECUTED")] });
}
{
  const subscription = { token: "channel token" };
  const headers = { "x-goog-channel-id": "c1", "x-goog-message-number": 2, "x-goog-resource-state": "change", "x-goog-channel-token": "channel token" };
  add("google", "a channel", "none", { scheme: "token", subscription, headers, type: "change", events: [received("change")] });
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: "https://accounts.google.com", aud: url, email: "push@example.iam.gserviceaccount.com", iat: seconds - 5, exp: seconds + 3600 };
  const text = `${part({ alg: "RS256", kid: "k1", typ: "JWT" })}.${part(claims)}`;
  const authorization = `Bearer ${text}.${rsaSign("sha256", text, privateKey).toString("base64url")}`;
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", use: "sig", alg: "RS256" };
  const key_sets = { "https://www.googleapis.com/oauth2/v3/certs": { keys: [jwk] } };
  const body = json({ message: { data: "e30=", messageId: "m1" }, subscription: "projects/p/subscriptions/s" });
  add("google", "a mailbox", node, { scheme: "jwt", headers: { ...type, authorization }, body, key_sets, type: "mailbox.changed", events: [received("mailbox.changed")] });
}
{
  const subscription = { clientState: "client state" };
  const item = (changeType) => ({ subscriptionId: "s1", clientState: "client state", changeType });
  const body = json({ value: [item("created"), item("updated"), { ...item(undefined), lifecycleEvent: "reauthorizationRequired" }] });
  const events = [received("created", undefined, 0), received("updated", undefined, 1), received("lifecycle.reauthorizationRequired", undefined, 2)];
  add("microsoft", "three notices", "none", { scheme: "token", subscription, headers: type, body, events });
}
{
  const body = json({ events: [{ action: "changed" }] });
  const headers = { ...type, "x-hook-signature": hmac("sha256", "hook secret", body, "hex") };
  add("hooksecret", "an event", node, { credentials: { hookSecret: "hook secret" }, headers, body, events: [received("changed")] });
}

writeFileSync(new URL("vectors.json", out), `${JSON.stringify(cases, null, 1)}\n`);
writeFileSync(new URL("github-payloads.json.gz", out), gzipSync(JSON.stringify(payloads), { level: 9 }));
