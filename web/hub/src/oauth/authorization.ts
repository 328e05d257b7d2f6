/**
 * Authorization at the provider in a popup window.
 *
 * The window is opened empty during the click (otherwise browsers block it), then sent to the server, which redirects
 * to the provider. The server streams the attempt's result; without the stream, the attempt is polled every 2 s. Both
 * last up to 5 min. A window that looks closed proves nothing, since a provider can sever the connection to its opener
 * (Cross-Origin-Opener-Policy): it only triggers one immediate poll. Every outcome closes the window and stops all
 * timers.
 */

import { ApiFailure, isAbort } from "@patchbay/web-shared/failure.ts";
import type { FailureReason } from "@patchbay/web-shared/failureReason.ts";
import type { HubApi } from "../api/hubApi.ts";
import type { Attempt } from "../api/types.ts";

export const POLL_INTERVAL_MS = 2_000;
export const POPUP_CHECK_INTERVAL_MS = 1_000;
export const ATTEMPT_TIMEOUT_MS = 5 * 60_000;

const POPUP_WIDTH_PX = 1024;
const POPUP_HEIGHT_PX = 800;

export type AttemptOutcome =
  | { kind: "linked"; accountId: string }
  | { kind: "failed"; code: string; description: string; reason: FailureReason | null }
  | { kind: "timed-out" }
  /** The user or the server canceled the attempt: the form is shown again without a message. */
  | { kind: "cancelled" };

export interface Popup {
  readonly closed: boolean;
  close(): void;
  location: { replace(url: string): void };
}

/** A window that can open a popup. */
export interface PopupOpener {
  open(url: string, name: string, features: string): Popup | null;
  screenX: number;
  screenY: number;
  outerWidth: number;
  outerHeight: number;
}

/** Opens the empty window, centered over this one; null if the browser blocks it. Call it in the click handler. */
export function openPopup(opener: PopupOpener): Popup | null {
  const left = Math.round(opener.screenX + Math.max(0, opener.outerWidth - POPUP_WIDTH_PX) / 2);
  const top = Math.round(opener.screenY + Math.max(0, opener.outerHeight - POPUP_HEIGHT_PX) / 2);
  const features = `popup,width=${POPUP_WIDTH_PX},height=${POPUP_HEIGHT_PX},left=${left},top=${top}`;
  const popup = opener.open("about:blank", "patchbay-connect", features);
  return popup && !popup.closed ? popup : null;
}

type AttemptApi = Pick<HubApi, "attempt" | "cancelAttempt"> & Partial<Pick<HubApi, "followAttempt">>;

const outcomeOf = ({ status, account, error }: Attempt): AttemptOutcome | null => {
  switch (status) {
    case "authenticated":
      return account
        ? { kind: "linked", accountId: account.id }
        : {
            kind: "failed",
            code: "no_account",
            description: "The server did not return the linked account.",
            reason: null,
          };
    case "error":
      return {
        kind: "failed",
        code: error?.code ?? "unknown_error",
        description: error?.description ?? "The provider did not give a reason.",
        reason: error?.reason ?? null,
      };
    case "cancelled":
    case "expired":
      return { kind: "cancelled" };
    default:
      return null;
  }
};

/** Returns whether polling again is useless: the session has expired or the attempt no longer exists. */
const isFinal = (error: unknown): boolean =>
  error instanceof ApiFailure && error.status >= 400 && error.status < 500 && error.status !== 429;

/**
 * Waits for the outcome of an attempt. `signal` cancels it. Rejects only if the server rejects the request itself;
 * after a lost connection, the next poll tries again.
 */
export function awaitAttempt(
  api: AttemptApi,
  attemptId: string,
  popup: Popup | null,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  return new Promise((resolve, reject) => {
    let done = false;
    let isPolling = false;

    const finish = (settle: () => void, cancel: boolean): void => {
      if (done) return;
      done = true;
      clearInterval(pollTimer);
      stream.abort();
      clearInterval(popupTimer);
      clearTimeout(timeout);
      signal.removeEventListener("abort", abort);
      popup?.close();
      // The server expires abandoned attempts by itself; cancelling is only faster.
      if (cancel) api.cancelAttempt(attemptId).catch(() => {});
      settle();
    };

    const poll = async (): Promise<void> => {
      if (done || isPolling) return;
      isPolling = true;
      try {
        const outcome = outcomeOf(await api.attempt(attemptId, signal));
        if (outcome) finish(() => resolve(outcome), false);
      } catch (error) {
        if (!isAbort(error) && isFinal(error)) finish(() => reject(error), false);
      } finally {
        isPolling = false;
      }
    };

    const checkPopup = (): void => {
      if (!popup?.closed) return;
      clearInterval(popupTimer);
      void poll();
    };

    const abort = (): void => finish(() => resolve({ kind: "cancelled" }), true);

    let pollTimer: ReturnType<typeof setInterval> | undefined;
    const stream = new AbortController();
    const startPolling = (): void => {
      if (!done) pollTimer = setInterval(() => void poll(), POLL_INTERVAL_MS);
    };
    // Uses the server's event stream; falls back to polling if there is none or it ends early.
    const follow = async (): Promise<void> => {
      const result = await api.followAttempt?.(attemptId, stream.signal).catch(() => null);
      const outcome = result ? outcomeOf(result) : null;
      if (outcome) finish(() => resolve(outcome), false);
      else startPolling();
    };
    const popupTimer = setInterval(checkPopup, POPUP_CHECK_INTERVAL_MS);
    const timeout = setTimeout(() => finish(() => resolve({ kind: "timed-out" }), true), ATTEMPT_TIMEOUT_MS);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    if (api.followAttempt && !done) void follow();
    else startPolling();
  });
}
