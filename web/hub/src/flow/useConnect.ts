/**
 * Links the account after the user presses Connect: sends the credentials or authorizes at the provider. The form
 * keeps its values until the account is linked, so that cancelling returns to it.
 */

import { ApiFailure, asFailure, isAbort } from "@patchbay/web-shared/failure.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Credentials } from "../api/hubApi.ts";
import type { Connector, LinkedAccount, StoredAccount } from "../api/types.ts";
import { useHub } from "../hub.ts";
import { type AttemptOutcome, awaitAttempt, openPopup } from "../oauth/authorization.ts";

export type ConnectStage =
  | { kind: "form"; failure: ApiFailure | null; timedOut: boolean }
  | { kind: "connecting" }
  /** `url` is set if the browser blocked the window, so that the user can open it. */
  | { kind: "authorizing"; url: string | null }
  | { kind: "unavailable"; message: string }
  | { kind: "done" };

const FORM_STAGE: ConnectStage = { kind: "form", failure: null, timedOut: false };

/** Returns whether the account is linked by authorizing at the provider. */
export const usesOAuth = (connector: Connector): boolean =>
  connector.type === "mcp" ||
  (connector.type === "oauth2" && (connector.grantType ?? "authorization_code") === "authorization_code");

interface ConnectOptions {
  connector: Connector;
  profileId: string;
  provider: string;
  account: StoredAccount | null;
}

export function useConnect({ connector, profileId, provider, account }: ConnectOptions) {
  const { api, host, window, onSessionExpired, onSessionUsed } = useHub();
  const [stage, setStage] = useState<ConnectStage>(FORM_STAGE);
  const running = useRef<AbortController | null>(null);

  // Unmounting cancels a running attempt.
  useEffect(() => () => running.current?.abort(), []);

  const fail = (error: unknown): void => {
    const failure = asFailure(error);
    if (isAbort(error)) setStage(FORM_STAGE);
    else if (failure.unauthorized) onSessionExpired();
    else if (failure.code === "SessionUsedError") onSessionUsed();
    // Without a reason, the connector itself is not available.
    else if (failure.status === 412 && failure.reason === null)
      setStage({ kind: "unavailable", message: failure.message });
    else setStage({ kind: "form", failure, timedOut: false });
  };

  const complete = (linked: LinkedAccount): void => {
    setStage({ kind: "done" });
    host.success(linked);
  };

  const submitCredentials = async (credentials: Credentials, signal: AbortSignal): Promise<void> => {
    setStage({ kind: "connecting" });
    const saved = account
      ? await api.save(account.secureId, profileId, credentials, signal)
      : await api.link(profileId, credentials, signal);
    complete({ id: saved?.id ?? account?.secureId ?? "", provider });
  };

  const handleOutcome = (outcome: AttemptOutcome): void => {
    if (outcome.kind === "linked") complete({ id: outcome.accountId, provider });
    else if (outcome.kind === "failed") {
      const { code, description, reason } = outcome;
      fail(new ApiFailure({ status: 400, code, message: description, reason }));
    } else setStage({ kind: "form", failure: null, timedOut: outcome.kind === "timed-out" });
  };

  const authorize = async (credentials: Credentials, signal: AbortSignal): Promise<void> => {
    // Must run first: browsers allow opening a window only during the click.
    const popup = openPopup(window);
    try {
      setStage({ kind: "authorizing", url: null });
      const callbackUrl = `${window.location.origin}/embedded/accounts/callback`;
      const { id, url } = await api.prepareAuthorization(profileId, callbackUrl, credentials, signal);
      if (popup) popup.location.replace(url);
      else setStage({ kind: "authorizing", url });
      handleOutcome(await awaitAttempt(api, id, popup, signal));
    } finally {
      popup?.close();
    }
  };

  return {
    stage,
    /** Starts an attempt with these values and cancels a running one. */
    connect(credentials: Credentials): void {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      const run = usesOAuth(connector) ? authorize : submitCredentials;
      run(credentials, abort.signal).catch((error: unknown) => {
        // A late response of a canceled attempt must not replace a newer stage.
        if (running.current === abort) fail(error);
      });
    },
    cancel: useCallback(() => {
      running.current?.abort();
      running.current = null;
      setStage(FORM_STAGE);
    }, []),
  };
}
