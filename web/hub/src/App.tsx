/**
 * The Hub page: its theme, the connection to the host page, and the current screen. Everything outside the page
 * (network, windows) is passed in as a prop, so that tests can replace it.
 */

import type { InitOptions } from "@patchbay/web-shared/hostMessages.ts";
import { applyTheme, type Theme } from "@patchbay/web-shared/theme.ts";
import { useEffect, useMemo, useRef, useState } from "react";
import type { HubApi } from "./api/hubApi.ts";
import type { Environment } from "./environment.ts";
import { HubFlow } from "./flow/HubFlow.tsx";
import type { Host } from "./host.ts";
import { type Hub, HubContext } from "./hub.ts";
import { CallbackScreen } from "./screens/CallbackScreen.tsx";
import { LoadingScreen } from "./screens/LoadingScreen.tsx";
import {
  LinkUsedScreen,
  MissingTokenScreen,
  SessionExpiredScreen,
  UnexpectedErrorScreen,
} from "./screens/messageScreens.tsx";
import { Announcer } from "./ui/Announcer.tsx";
import { ErrorBoundary } from "./ui/ErrorBoundary.tsx";
import { UserInteracted } from "./ui/Screen.tsx";
import { useReportHeight } from "./useReportHeight.ts";

/** How long the Hub waits for the host's `init` before it continues without one. */
export const INIT_TIMEOUT_MS = 1_500;

export interface AppProps {
  environment: Environment;
  /** Null if the address contains no token. */
  api: HubApi | null;
  host: Host;
  window: Hub["window"];
}

export function App({ environment, api, host, window }: AppProps) {
  const init = useInit(host);
  const frame = useRef<HTMLDivElement>(null);
  const [sessionEnd, setSessionEnd] = useState<"expired" | "used" | null>(null);
  const userInteracted = useUserInteraction();
  useTheme(environment, init);
  useReportHeight(frame, host);

  const closeLabel = init?.closeLabel?.trim() || "Close";
  const { opened } = environment;
  const hub = useMemo<Hub | null>(
    () =>
      api && {
        api,
        host,
        window,
        opened,
        closeLabel,
        onSessionExpired: () => setSessionEnd("expired"),
        onSessionUsed: () => setSessionEnd("used"),
      },
    [api, host, window, opened, closeLabel],
  );

  const screen = (): React.ReactNode => {
    if (environment.page === "callback") return <CallbackScreen window={window} />;
    if (!hub) return <MissingTokenScreen />;
    if (sessionEnd === "expired") return <SessionExpiredScreen />;
    if (sessionEnd === "used") return <LinkUsedScreen />;
    if (!init) return <LoadingScreen />;
    const accountId = init.accountId ?? null;
    return <HubFlow key={accountId} accountId={accountId} />;
  };

  return (
    <HubContext value={hub}>
      <UserInteracted value={userInteracted}>
        <Announcer>
          <div ref={frame} className={environment.framed ? "shell shell-framed" : "shell"}>
            {/* The host page has a main landmark as well; the label distinguishes them. */}
            <main className="stage" aria-label={environment.framed ? "Connect an account" : undefined}>
              <ErrorBoundary fallback={(retry) => <UnexpectedErrorScreen onRetry={retry} />}>
                {screen()}
              </ErrorBoundary>
            </main>
            {init?.showFooterLinks !== false && <Footer />}
          </div>
        </Announcer>
      </UserInteracted>
    </HubContext>
  );
}

function Footer() {
  return (
    <footer className="footer">
      <p>Your credentials are encrypted and sent only to the provider.</p>
      <p>
        Powered by <strong>Patchbay</strong>
      </p>
    </footer>
  );
}

/** Returns the host's options; null while the Hub still waits for them. A later message replaces an earlier one. */
function useInit(host: Host): InitOptions | null {
  const [init, setInit] = useState<InitOptions | null>(host.present ? null : {});
  useEffect(() => {
    const stop = host.onInit(setInit);
    host.ready();
    const timer = setTimeout(() => setInit((before) => before ?? {}), INIT_TIMEOUT_MS);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [host]);
  return init;
}

/** Returns the default theme: the system's on a page of its own, light inside another page. */
export const baseTheme = ({ theme, framed }: Environment): Theme => theme ?? (framed ? "light" : "auto");

function useTheme(environment: Environment, init: InitOptions | null): void {
  const theme = init?.theme ?? baseTheme(environment);
  useEffect(() => applyTheme(document.documentElement, theme), [theme]);
}

/** Returns whether the user has clicked or pressed a key on the page. */
function useUserInteraction(): React.RefObject<boolean> {
  const userInteracted = useRef(false);
  useEffect(() => {
    const onInteraction = (): void => {
      userInteracted.current = true;
    };
    document.addEventListener("pointerdown", onInteraction, { capture: true, once: true });
    document.addEventListener("keydown", onInteraction, { capture: true, once: true });
    return () => {
      document.removeEventListener("pointerdown", onInteraction, { capture: true });
      document.removeEventListener("keydown", onInteraction, { capture: true });
    };
  }, []);
  return userInteracted;
}
