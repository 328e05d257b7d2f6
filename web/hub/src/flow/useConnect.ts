/**
 * What happens between pressing Connect and the end: sending the credentials, or signing in at the
 * provider. The form stays as it was typed until the account is linked; giving up leads back to it.
 */

import { ApiFailure, asFailure, isAbort } from "@patchbay/web-shared/failure.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Credentials } from "../api/hubApi.ts";
import type { Config, LinkedAccount, StoredAccount } from "../api/types.ts";
import { useHub } from "../hub.ts";
import { awaitAttempt, type Outcome, openPopup } from "../oauth/signIn.ts";

export type Stage =
  | { kind: "form"; failure: ApiFailure | null; timedOut: boolean }
  | { kind: "connecting" }
  /** `url` is there when the browser blocked the window: the reader opens it by hand. */
  | { kind: "signing-in"; url: string | null }
  | { kind: "unavailable"; message: string }
  | { kind: "done" };

const FORM: Stage = { kind: "form", failure: null, timedOut: false };

/** A connector of this kind is linked by signing in at the provider. */
export const signsIn = (config: Config): boolean =>
  config.type === "mcp" ||
  (config.type === "oauth2" && (config.grantType ?? "authorization_code") === "authorization_code");

interface Options {
  config: Config;
  integrationId: string;
  provider: string;
  account: StoredAccount | null;
}

export function useConnect({ config, integrationId, provider, account }: Options) {
  const { api, host, window, onEnded } = useHub();
  const [stage, setStage] = useState<Stage>(FORM);
  const running = useRef<AbortController | null>(null);

  // Leaving the screen gives up what is under way.
  useEffect(() => () => running.current?.abort(), []);

  const fail = (error: unknown): void => {
    const failure = asFailure(error);
    if (isAbort(error)) setStage(FORM);
    else if (failure.unauthorized) onEnded();
    else if (failure.status === 412) setStage({ kind: "unavailable", message: failure.message });
    else setStage({ kind: "form", failure, timedOut: false });
  };

  const linked = (done: LinkedAccount): void => {
    setStage({ kind: "done" });
    host.success(done);
  };

  const send = async (credentials: Credentials, signal: AbortSignal): Promise<void> => {
    setStage({ kind: "connecting" });
    const answer = account
      ? await api.save(account.secureId, integrationId, credentials, signal)
      : await api.link(integrationId, credentials, signal);
    linked({ id: answer?.id ?? account?.secureId ?? "", provider });
  };

  const conclude = (outcome: Outcome): void => {
    if (outcome.kind === "linked") linked({ id: outcome.accountId, provider });
    else if (outcome.kind === "refused") {
      fail(new ApiFailure({ status: 400, code: outcome.code, message: outcome.description }));
    } else setStage({ kind: "form", failure: null, timedOut: outcome.kind === "timed-out" });
  };

  const signIn = async (credentials: Credentials, signal: AbortSignal): Promise<void> => {
    // Before anything that takes time: only the click itself may open a window.
    const popup = openPopup(window);
    try {
      setStage({ kind: "signing-in", url: null });
      const landing = `${window.location.origin}/embedded/accounts/callback`;
      const { id, url } = await api.prepareSignIn(integrationId, landing, credentials, signal);
      if (popup) popup.location.replace(url);
      else setStage({ kind: "signing-in", url });
      conclude(await awaitAttempt(api, id, popup, signal));
    } finally {
      popup?.close();
    }
  };

  return {
    stage,
    /** Starts over with these values; what was under way is given up. */
    connect(credentials: Credentials): void {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      const run = signsIn(config) ? signIn : send;
      run(credentials, abort.signal).catch((error: unknown) => {
        // A late answer of an attempt that was given up must not replace what came after it.
        if (running.current === abort) fail(error);
      });
    },
    cancel: useCallback(() => {
      running.current?.abort();
      running.current = null;
      setStage(FORM);
    }, []),
  };
}
