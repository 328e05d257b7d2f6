import { ApiFailure, networkFailure } from "@patchbay/web-shared/failure.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Attempt } from "../api/types.ts";
import { awaitAttempt, GIVE_UP_AFTER, type Opener, openPopup, POLL_EVERY, type Popup } from "./signIn.ts";

const pending: Attempt = { status: "pending", account: null, error: null };
const done: Attempt = { status: "authenticated", account: { id: "acc_1" }, error: null };

const fakePopup = () => {
  const popup = { closed: false, close: vi.fn(), location: { replace: vi.fn() } };
  popup.close.mockImplementation(() => {
    popup.closed = true;
  });
  return popup satisfies Popup;
};

const fakeApi = (...answers: (Attempt | Error)[]) => ({
  attempt: vi.fn(async () => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
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

describe("an attempt that the server tells the end of", () => {
  const following = (
    follow: (id: string, signal: AbortSignal) => Promise<Attempt | null>,
    ...answers: Attempt[]
  ) => ({
    ...fakeApi(...answers),
    followAttempt: vi.fn(follow),
  });

  it("is not asked for", async () => {
    const api = following(async () => done, pending);
    const popup = fakePopup();
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(0);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
    expect(popup.closed).toBe(true);
    expect(api.attempt).not.toHaveBeenCalled();
  });

  it.each([
    ["there is no such stream", async () => null],
    [
      "it breaks",
      async () => {
        throw new TypeError("network error");
      },
    ],
    ["it says that the attempt is pending", async () => pending],
  ])("is asked for when %s", async (_, follow) => {
    const api = following(follow, pending, done);
    const outcome = awaitAttempt(api, "att_1", null, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_EVERY * 2);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
    expect(api.attempt).toHaveBeenCalledTimes(2);
  });

  it("lets the stream go when it is given up", async () => {
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

describe("an attempt", () => {
  it("is asked for every two seconds until it is authenticated, then the window is closed", async () => {
    const [api, popup] = [fakeApi(pending, pending, done), fakePopup()];
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_EVERY * 2);
    expect(api.attempt).toHaveBeenCalledTimes(2);
    expect(popup.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(POLL_EVERY);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
    expect(popup.closed).toBe(true);
    expect(api.cancelAttempt).not.toHaveBeenCalled();
  });

  it("tells why the provider refused", async () => {
    const refusal: Attempt = {
      status: "error",
      account: null,
      error: { code: "denied", description: "You said no" },
    };
    const outcome = awaitAttempt(fakeApi(refusal), "att_1", fakePopup(), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_EVERY);
    expect(await outcome).toEqual({ kind: "refused", code: "denied", description: "You said no" });
  });

  it.each(["cancelled", "expired"] as const)("ends quietly when it is %s", async (status) => {
    const ended: Attempt = { status, account: null, error: null };
    const outcome = awaitAttempt(fakeApi(ended), "att_1", null, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_EVERY);
    expect(await outcome).toEqual({ kind: "cancelled" });
  });

  it("times out after five minutes, closes the window and gives the attempt up", async () => {
    const [api, popup] = [fakeApi(pending), fakePopup()];
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(GIVE_UP_AFTER);
    expect(await outcome).toEqual({ kind: "timed-out" });
    expect(popup.closed).toBe(true);
    expect(api.cancelAttempt).toHaveBeenCalledExactlyOnceWith("att_1");
  });

  it("takes a window that looks closed only as a reason to ask once more", async () => {
    const [api, popup] = [fakeApi(pending, pending, done), fakePopup()];
    const outcome = awaitAttempt(api, "att_1", popup, new AbortController().signal);
    popup.closed = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(api.attempt).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(api.attempt).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(POLL_EVERY);
    expect(await outcome).toEqual({ kind: "linked", accountId: "acc_1" });
  });

  it("outlives a lost connection and a busy server", async () => {
    const busy = new ApiFailure({ status: 503, code: "Busy", message: "later" });
    const api = fakeApi(networkFailure(new TypeError("offline")), busy, done);
    const outcome = awaitAttempt(api, "att_1", null, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(POLL_EVERY * 3);
    expect(await outcome).toMatchObject({ kind: "linked" });
  });

  it("fails when the session ends meanwhile", async () => {
    const over = new ApiFailure({ status: 401, code: "SessionExpired", message: "over" });
    const outcome = awaitAttempt(fakeApi(over), "att_1", null, new AbortController().signal);
    const failed = expect(outcome).rejects.toBe(over);
    await vi.advanceTimersByTimeAsync(POLL_EVERY);
    await failed;
  });

  it("is given up at once when the reader cancels", async () => {
    const [api, popup, abort] = [fakeApi(pending), fakePopup(), new AbortController()];
    const outcome = awaitAttempt(api, "att_1", popup, abort.signal);
    abort.abort();
    expect(await outcome).toEqual({ kind: "cancelled" });
    expect(popup.closed).toBe(true);
    expect(api.cancelAttempt).toHaveBeenCalledExactlyOnceWith("att_1");
  });
});

describe("openPopup", () => {
  const opener = (open: Opener["open"]): Opener => ({
    open,
    screenX: 100,
    screenY: 50,
    outerWidth: 1424,
    outerHeight: 1000,
  });

  it("opens an empty window in the middle of ours", () => {
    const open = vi.fn(() => fakePopup());
    expect(openPopup(opener(open))).not.toBeNull();
    const features = "popup,width=1024,height=800,left=300,top=150";
    expect(open).toHaveBeenCalledExactlyOnceWith("about:blank", "patchbay-connect", features);
  });

  it("says when the browser blocks it", () => {
    expect(openPopup(opener(() => null))).toBeNull();
    expect(openPopup(opener(() => ({ ...fakePopup(), closed: true })))).toBeNull();
  });
});
