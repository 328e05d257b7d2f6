import { describe, expect, it } from "vitest";
import {
  accountConnectedMessage,
  cancelMessage,
  closeMessage,
  initMessage,
  parseHubMessage,
  parseInitMessage,
  parseOrigin,
  readyMessage,
  receiveFromHost,
  receiveFromHub,
  resizeMessage,
  successMessage,
} from "./hostMessages.ts";

const account = { id: "acc_1", provider: "papertrail" };
const window = {} as MessageEventSource;
const peer = { window, origin: "https://hub.example.com" };
const event = (data: unknown, more: Partial<MessageEvent> = {}) => ({
  data,
  source: window,
  origin: peer.origin,
  ...more,
});

describe("Hub messages", () => {
  it.each([readyMessage(), resizeMessage(480), successMessage(account), cancelMessage(), closeMessage()])(
    "round-trip: $type",
    (message) => {
      expect(parseHubMessage(structuredClone(message))).toEqual(message);
      expect(receiveFromHub(event(message), peer)).toEqual(message);
    },
  );

  it("contain only the members of the protocol", () => {
    const accountWithSecrets = { ...account, token: "secret", clientSecret: "s" };
    expect(successMessage(accountWithSecrets)).toEqual(successMessage(account));
    expect(accountConnectedMessage(accountWithSecrets)).toEqual({ type: "AccountConnected", account });
    expect(parseHubMessage({ ...readyMessage(), extra: 1 })).toEqual(readyMessage());
  });

  it.each([
    null,
    "ready",
    [],
    {},
    { ...readyMessage(), version: 2 },
    { ...readyMessage(), version: "1" },
    { ...readyMessage(), source: "other" },
    { ...readyMessage(), type: "eval" },
    { ...resizeMessage(1), height: Number.NaN },
    { ...resizeMessage(1), height: -1 },
    { ...resizeMessage(1), height: 1e9 },
    { ...resizeMessage(1), height: "100" },
    { ...successMessage(account), account: null },
    { ...successMessage(account), account: { id: "", provider: "x" } },
    { ...successMessage(account), account: { id: {}, provider: "x" } },
    accountConnectedMessage(account),
  ])("ignores %j", (data) => {
    expect(parseHubMessage(data)).toBeNull();
  });

  it("ignores messages from other windows and origins", () => {
    const message = readyMessage();
    expect(receiveFromHub(event(message, { origin: "https://evil.example.com" }), peer)).toBeNull();
    expect(receiveFromHub(event(message, { source: {} as MessageEventSource }), peer)).toBeNull();
    expect(receiveFromHub(event(message, { source: null }), { ...peer, window: null })).toBeNull();
  });
});

describe("the host's init", () => {
  it("round-trips and drops unknown members", () => {
    const message = initMessage({
      theme: "dark",
      accountId: "acc_1",
      showFooterLinks: false,
      closeLabel: "Done",
    });
    expect(receiveFromHost(event(message), peer)).toEqual(message);
    expect(parseInitMessage(initMessage({}))).toEqual(initMessage({}));
    expect(parseInitMessage({ ...message, more: 1 })).toEqual(message);
  });

  it.each([
    { version: 2 },
    { target: "other" },
    { type: "resize" },
    { theme: "sepia" },
    { theme: 1 },
    { accountId: 5 },
    { accountId: "x".repeat(201) },
    { showFooterLinks: "false" },
    { closeLabel: "x".repeat(61) },
  ])("is ignored completely with %j", (invalid) => {
    expect(parseInitMessage({ ...initMessage({ theme: "dark" }), ...invalid })).toBeNull();
  });

  it("is accepted only from the window and origin of the host", () => {
    const message = initMessage({});
    expect(receiveFromHost(event(message, { origin: "https://hub.example.com.evil.net" }), peer)).toBeNull();
    expect(receiveFromHost(event(message, { source: {} as MessageEventSource }), peer)).toBeNull();
  });
});

describe("parseOrigin", () => {
  it.each([
    ["https://app.example.com", "https://app.example.com"],
    ["https://app.example.com/", "https://app.example.com"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["https://app.example.com/path", null],
    ["https://user@app.example.com", null],
    ["javascript:alert(1)", null],
    ["null", null],
    ["*", null],
    ["", null],
    [null, null],
  ])("parses %s", (text, origin) => {
    expect(parseOrigin(text)).toBe(origin);
  });
});
