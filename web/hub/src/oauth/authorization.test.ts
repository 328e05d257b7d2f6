import { ApiFailure, networkFailure } from "@patchbay/web-shared/failure.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Attempt } from "../api/types.ts";
import {
  ATTEMPT_TIMEOUT_MS,
  awaitAttempt,
  openPopup,
  POLL_INTERVAL_MS,
  type Popup,
  type PopupOpener,
} from "./authorization.ts";

const pending: Attempt = { status: "pending", account: null, error: null };
const done: Attempt = { status: "authenticated", account: { id: "acc_1" }, error: null };

const fakePopup = () => {
  const popup = { closed: false, close: vi.fn(), location: { replace: vi.fn() } };
  popup.close.mockImplementation(() => {
    popup.closed = true;
  });
  return popup satisfies Popup;
};

const fakeApi = (...responses: (Attempt | Error)[]) => ({
  attempt: vi.fn(async () => {
    const next = responses.length > 1 ? responses.shift() : responses[0];
    if (next instanceof Error) throw next;
    return next ?? pending;
  }),
  cancelAttempt: vi.fn(async () => null),
});

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("awaitAttempt with an event stream", () => {
  const following = (
    follow: (id: string, signal: AbortSignal) => Promise<Attempt | null>,
    ...responses: Attempt[]
  ) => ({
    ...fakeApi(...responses),
    followAttempt: vi.fn(follow),
  });

  it("does not poll if the stream returns the result", async () => {
    const api = following(async () => done, pending);
    const popup = fakePopup();
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(0);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
    expect(popup.closed).toBe(true);
    expect(api.attempt).not.toHaveBeenCalled();
  });

  it.each([
    ["does not exist", async () => null],
    [
      "fails",
      async () => {
        throw new TypeError("network error");
      },
    ],
    ["reports a pending attempt", async () => pending],
  ])("polls if the stream %s", async (_, follow) => {
    const api = following(follow, pending, done);
    const outcome = awaitAttempt(api, "att_1", null, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS * 2);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
    expect(api.attempt).toHaveBeenCalledTimes(2);
  });

  it("aborts the stream when canceled", async () => {
    let streamed: AbortSignal | undefined;
    const api = following((_, signal) => {
      streamed = signal;
      return new Promise(() => {});
    }, pending);
    const controller = new AbortController();
    const outcome = awaitAttempt(api, "att_1", null, controller.signal);
    controller.abort();
    expect(await outcome).toEqual({ kind: "cancelled" });
    expect(streamed?.aborted).toBe(true);
    expect(api.cancelAttempt).toHaveBeenCalledExactlyOnceWith("att_1");
  });
});

describe("awaitAttempt with polling", () => {
  it("polls every two seconds until the attempt succeeds, then closes the window", async () => {
    const [api, popup] = [fakeApi(pending, pending, done), fakePopup()];
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS * 2);
    expect(api.attempt).toHaveBeenCalledTimes(2);
    expect(popup.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
    expect(popup.closed).toBe(true);
    expect(api.cancelAttempt).not.toHaveBeenCalled();
  });

  it("returns the provider's error", async () => {
    const failure: Attempt = {
      status: "error",
      account: null,
      error: { code: "SignInDeniedError", description: "You said no" },
    };
    const outcome = awaitAttempt(fakeApi(failure), "att_1", fakePopup(), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS);
    expect(await outcome).toEqual({
      kind: "failed",
      code: "SignInDeniedError",
      description: "You said no",
      reason: null,
    });
  });

  it.each(["cancelled", "expired"] as const)("returns `cancelled` if the attempt is %s", async (status) => {
    const attempt: Attempt = { status, account: null, error: null };
    const outcome = awaitAttempt(fakeApi(attempt), "att_1", null, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS);
    expect(await outcome).toEqual({ kind: "cancelled" });
  });

  it("times out after five minutes, closes the window and cancels the attempt", async () => {
    const [api, popup] = [fakeApi(pending), fakePopup()];
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(ATTEMPT_TIMEOUT_MS);
    expect(await outcome).toEqual({ kind: "timed-out" });
    expect(popup.closed).toBe(true);
    expect(api.cancelAttempt).toHaveBeenCalledExactlyOnceWith("att_1");
  });

  it("polls once more when the window looks closed, and keeps waiting", async () => {
    const [api, popup] = [fakeApi(pending, pending, done), fakePopup()];
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    popup.closed = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(api.attempt).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(api.attempt).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
  });

  it("continues after a lost connection and a busy server", async () => {
    const busy = new ApiFailure({ status: 503, code: "Busy", message: "later" });
    const api = fakeApi(networkFailure(new TypeError("offline")), busy, done);
    const outcome = awaitAttempt(api, "att_1", null, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS * 3);
    expect(await outcome).toMatchObject({ kind: "linked" });
  });

  it("rejects if the session expires meanwhile", async () => {
    const expired = new ApiFailure({ status: 401, code: "SessionExpired", message: "expired" });
    const outcome = awaitAttempt(fakeApi(expired), "att_1", null, new AbortController().signal);
    const failed = expect(outcome).rejects.toBe(expired);
    await vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS);
    await failed;
  });

  it("cancels immediately when the user cancels", async () => {
    const [api, popup, abort] = [fakeApi(pending), fakePopup(), new AbortController()];
    const outcome = awaitAttempt(api, "att_1", popup, abort.signal);
    abort.abort();
    expect(await outcome).toEqual({ kind: "cancelled" });
    expect(popup.closed).toBe(true);
    expect(api.cancelAttempt).toHaveBeenCalledExactlyOnceWith("att_1");
  });
});

describe("openPopup", () => {
  const opener = (open: PopupOpener["open"]): PopupOpener => ({
    open,
    screenX: 100,
    screenY: 50,
    outerWidth: 1424,
    outerHeight: 1000,
  });

  it("opens an empty window, centered over this one", () => {
    const open = vi.fn(() => fakePopup());
    expect(openPopup(opener(open))).not.toBeNull();
    const features = "popup,width=1024,height=800,left=300,top=150";
    expect(open).toHaveBeenCalledExactlyOnceWith("about:blank", "patchbay-connect", features);
  });

  it("returns null if the browser blocks the window", () => {
    expect(openPopup(opener(() => null))).toBeNull();
    expect(openPopup(opener(() => ({ ...fakePopup(), closed: true })))).toBeNull();
  });
});
