/**
 * Signing in at the provider in a window of its own, from the Hub's side.
 *
 * The window is opened empty while the click still counts (else it is blocked), then sent to the server,
 * which leads on to the provider. The server marks the attempt and tells its end as it happens; where it
 * cannot, this polls it every 2 s. Both for up to 5 min.
 * A window that looks closed proves nothing, since a provider may cut the tie to it: it only causes one
 * more poll at once. Every end closes the window and stops every timer.
 */

import { ApiFailure, isAbort } from "@patchbay/web-shared/failure.ts";
import type { HubApi } from "../api/hubApi.ts";
import type { Attempt } from "../api/types.ts";

export const POLL_EVERY = 2_000;
export const WATCH_EVERY = 1_000;
export const GIVE_UP_AFTER = 5 * 60_000;

const WIDTH = 1024;
const HEIGHT = 800;

export type Outcome =
  | { kind: "linked"; accountId: string }
  | { kind: "refused"; code: string; description: string }
  | { kind: "timed-out" }
  /** The reader or the server gave it up: back to the form, without a word. */
  | { kind: "cancelled" };

export interface Popup {
  readonly closed: boolean;
  close(): void;
  location: { replace(url: string): void };
}

export interface Opener {
  open(url: string, name: string, features: string): Popup | null;
  screenX: number;
  screenY: number;
  outerWidth: number;
  outerHeight: number;
}

/** Opens the empty window, centred on ours. Null when the browser blocks it. Call it inside the click. */
export function openPopup(opener: Opener): Popup | null {
  const left = Math.round(opener.screenX + Math.max(0, opener.outerWidth - WIDTH) / 2);
  const top = Math.round(opener.screenY + Math.max(0, opener.outerHeight - HEIGHT) / 2);
  const features = `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`;
  const popup = opener.open("about:blank", "patchbay-connect", features);
  return popup && !popup.closed ? popup : null;
}

type AttemptApi = Pick<HubApi, "attempt" | "cancelAttempt"> & Partial<Pick<HubApi, "followAttempt">>;

const outcomeOf = ({ status, account, error }: Attempt): Outcome | null => {
  switch (status) {
    case "authenticated":
      return account
        ? { kind: "linked", accountId: account.id }
        : { kind: "refused", code: "no_account", description: "The server linked no account." };
    case "error":
      return {
        kind: "refused",
        code: error?.code ?? "unknown_error",
        description: error?.description ?? "The provider did not say why.",
      };
    case "cancelled":
    case "expired":
      return { kind: "cancelled" };
    default:
      return null;
  }
};

/** An answer that polling again cannot better: the session has ended or the attempt is gone. */
const isFinal = (error: unknown): boolean =>
  error instanceof ApiFailure && error.status >= 400 && error.status < 500 && error.status !== 429;

/**
 * Waits for the end of an attempt. `signal` gives it up. It rejects only when the server refuses the
 * question itself; a lost connection is tried again at the next turn.
 */
export function awaitAttempt(
  api: AttemptApi,
  attemptId: string,
  popup: Popup | null,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let done = false;
    let asking = false;

    const finish = (settle: () => void, giveUp: boolean): void => {
      if (done) return;
      done = true;
      clearInterval(polling);
      stream.abort();
      clearInterval(watching);
      clearTimeout(limit);
      signal.removeEventListener("abort", abort);
      popup?.close();
      // The server ends what is forgotten by itself; this only spares it the wait.
      if (giveUp) api.cancelAttempt(attemptId).catch(() => {});
      settle();
    };

    const poll = async (): Promise<void> => {
      if (done || asking) return;
      asking = true;
      try {
        const outcome = outcomeOf(await api.attempt(attemptId, signal));
        if (outcome) finish(() => resolve(outcome), false);
      } catch (error) {
        if (!isAbort(error) && isFinal(error)) finish(() => reject(error), false);
      } finally {
        asking = false;
      }
    };

    const watch = (): void => {
      if (!popup?.closed) return;
      clearInterval(watching);
      void poll();
    };

    const abort = (): void => finish(() => resolve({ kind: "cancelled" }), true);

    let polling: ReturnType<typeof setInterval> | undefined;
    const stream = new AbortController();
    const pollFromNowOn = (): void => {
      if (!done) polling = setInterval(() => void poll(), POLL_EVERY);
    };
    // By the server's events while they last; by asking when there are none, or no more.
    const follow = async (): Promise<void> => {
      const ended = await api.followAttempt?.(attemptId, stream.signal).catch(() => null);
      const outcome = ended ? outcomeOf(ended) : null;
      if (outcome) finish(() => resolve(outcome), false);
      else pollFromNowOn();
    };
    const watching = setInterval(watch, WATCH_EVERY);
    const limit = setTimeout(() => finish(() => resolve({ kind: "timed-out" }), true), GIVE_UP_AFTER);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    if (api.followAttempt && !done) void follow();
    else pollFromNowOn();
  });
}
