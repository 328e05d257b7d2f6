/** The demo's state: who is there, the session of the open Hub, and the accounts that came of it. */

import { asFailure } from "@patchbay/web-shared/failure.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Note } from "./log.ts";
import { type Account, createSession, linkedAccounts, type Visitor, visitor } from "./server.ts";

export interface OpenHub {
  token: string;
  accountId: string | null;
}

export interface Demo {
  /** Null while it is not known. */
  visitor: Visitor | null;
  accounts: readonly Account[];
  hub: OpenHub | null;
  busy: boolean;
  problem: string | null;
  /** Opens the Hub to link an account, or to edit this one. Does nothing while it is being opened. */
  open(accountId: string | null): Promise<void>;
  /** Opens it with a token that was made elsewhere. */
  openWith(token: string): void;
  close(): void;
  refresh(): Promise<void>;
}

export function useDemo(note: Note): Demo {
  const [who, setWho] = useState<Visitor | null>(null);
  const [accounts, setAccounts] = useState<readonly Account[]>([]);
  const [hub, setHub] = useState<OpenHub | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  // A button that is disabled loses the focus, so it is this that keeps a second click from counting.
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
        const found = await visitor();
        setAccounts(found.signedIn ? await linkedAccounts() : []);
        setWho(found);
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
        note("server", "POST /connect_sessions", accountId === null ? undefined : { account_id: accountId });
        setHub({ token, accountId });
      });
      isOpening.current = false;
    },
    [attempt, note],
  );

  return {
    visitor: who,
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
