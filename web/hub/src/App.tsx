/**
 * The whole page: its theme, the host around it, and which of its screens is up. Everything that reaches
 * outside (network, windows) comes in as a property, so that a test can stand in for it.
 */

import type { InitOptions } from "@patchbay/web-shared/messages.ts";
import { applyTheme, type Theme } from "@patchbay/web-shared/theme.ts";
import { useEffect, useMemo, useRef, useState } from "react";
import type { HubApi } from "./api/hubApi.ts";
import type { Environment } from "./environment.ts";
import { Flow } from "./flow/Flow.tsx";
import type { Host } from "./host.ts";
import { type Hub, HubContext } from "./hub.ts";
import { Callback } from "./screens/Callback.tsx";
import { Loading } from "./screens/Loading.tsx";
import { Crashed, Ended, NoToken } from "./screens/messages.tsx";
import { Announcer } from "./ui/announcer.tsx";
import { CatchCrash } from "./ui/CatchCrash.tsx";
import { Acted } from "./ui/Screen.tsx";
import { useResize } from "./useResize.ts";

/** A host that says nothing for so long has nothing to say; the Hub then goes on without it. */
export const INIT_WAIT = 1_500;

export interface AppProps {
  environment: Environment;
  /** Null when the address holds no token. */
  api: HubApi | null;
  host: Host;
  window: Hub["window"];
}

export function App({ environment, api, host, window }: AppProps) {
  const init = useInit(host);
  const frame = useRef<HTMLDivElement>(null);
  const [ended, setEnded] = useState(false);
  const acted = useActed();
  useTheme(environment, init);
  useResize(frame, host);

  const closeLabel = init?.closeLabel?.trim() || "Close";
  const { opened } = environment;
  const hub = useMemo<Hub | null>(
    () => api && { api, host, window, opened, closeLabel, onEnded: () => setEnded(true) },
    [api, host, window, opened, closeLabel],
  );

  const screen = (): React.ReactNode => {
    if (environment.page === "callback") return <Callback window={window} />;
    if (!hub) return <NoToken />;
    if (ended) return <Ended />;
    if (!init) return <Loading />;
    const accountId = init.accountId ?? null;
    return <Flow key={accountId} accountId={accountId} />;
  };

  return (
    <HubContext value={hub}>
      <Acted value={acted}>
        <Announcer>
          <div ref={frame} className={environment.framed ? "shell shell-framed" : "shell"}>
            {/* The page around a frame has a main part of its own; a name tells them apart. */}
            <main className="stage" aria-label={environment.framed ? "Connect an account" : undefined}>
              <CatchCrash fallback={(retry) => <Crashed onRetry={retry} />}>{screen()}</CatchCrash>
            </main>
            {init?.showFooterLinks !== false && <Footer />}
          </div>
        </Announcer>
      </Acted>
    </HubContext>
  );
}

function Footer() {
  return (
    <footer className="footer">
      <p>Your credentials are encrypted and go to no one but the provider.</p>
      <p>
        Connected by <strong>Patchbay</strong>
      </p>
    </footer>
  );
}

/** What the host asks for; null while it may still speak. A later message replaces an earlier one. */
function useInit(host: Host): InitOptions | null {
  const [init, setInit] = useState<InitOptions | null>(host.present ? null : {});
  useEffect(() => {
    const stop = host.onInit(setInit);
    host.ready();
    const timer = setTimeout(() => setInit((before) => before ?? {}), INIT_WAIT);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [host]);
  return init;
}

/** A page of its own follows the reader's system; inside another page, light is what most expect. */
export const baseTheme = ({ theme, framed }: Environment): Theme => theme ?? (framed ? "light" : "auto");

function useTheme(environment: Environment, init: InitOptions | null): void {
  const theme = init?.theme ?? baseTheme(environment);
  useEffect(() => applyTheme(document.documentElement, theme), [theme]);
}

function useActed(): React.RefObject<boolean> {
  const acted = useRef(false);
  useEffect(() => {
    const note = (): void => {
      acted.current = true;
    };
    document.addEventListener("pointerdown", note, { capture: true, once: true });
    document.addEventListener("keydown", note, { capture: true, once: true });
    return () => {
      document.removeEventListener("pointerdown", note, { capture: true });
      document.removeEventListener("keydown", note, { capture: true });
    };
  }, []);
  return acted;
}
