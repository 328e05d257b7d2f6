/** The demo's state: the dashboard login, the open Hub, and the linked accounts. */

import { asFailure } from "@patchbay/web-shared/failure.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import type { LogEvent } from "./eventLog.ts";
import { type Account, createSession, type DemoSession, linkedAccounts, loadSession } from "./server.ts";

export interface OpenHub {
  token: string;
  accountId: string | null;
}

export interface Demo {
  /** Null while it is loading. */
  session: DemoSession | null;
  accounts: readonly Account[];
  hub: OpenHub | null;
  busy: boolean;
  problem: string | null;
  /** Opens the Hub to link an account, or to edit the given one. Does nothing while the Hub is opening. */
  open(accountId: string | null): Promise<void>;
  /** Opens the Hub with a token that was created elsewhere. */
  openWith(token: string): void;
  close(): void;
  refresh(): Promise<void>;
}

export function useDemo(logEvent: LogEvent): Demo {
  const [session, setSession] = useState<DemoSession | null>(null);
  const [accounts, setAccounts] = useState<readonly Account[]>([]);
  const [hub, setHub] = useState<OpenHub | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  // Prevents a second click. Disabling the button would make it lose the focus.
  const isOpening = useRef(false);

  const attempt = useCallback(async (work: () => Promise<void>): Promise<void> => {
    setProblem(null);
    setBusy(true);
    try {
      await work();
    } catch (error) {
      setProblem(asFailure(error).message);
    } finally {
      setBusy(false);
    }
  }, []);

  const refresh = useCallback(
    () =>
      attempt(async () => {
        const loaded = await loadSession();
        setAccounts(loaded.loggedIn ? await linkedAccounts() : []);
        setSession(loaded);
      }),
    [attempt],
  );

  useEffect(() => {
    void refresh();
  }, [refresh]);

  const open = useCallback(
    async (accountId: string | null) => {
      if (isOpening.current) return;
      isOpening.current = true;
      await attempt(async () => {
        const token = await createSession(accountId);
        logEvent(
          "server",
          "POST /connect_sessions",
          accountId === null ? undefined : { account_id: accountId },
        );
        setHub({ token, accountId });
      });
      isOpening.current = false;
    },
    [attempt, logEvent],
  );

  return {
    session,
    accounts,
    hub,
    busy,
    problem,
    open,
    openWith: (token) => setHub({ token, accountId: null }),
    close: () => setHub(null),
    refresh,
  };
}
