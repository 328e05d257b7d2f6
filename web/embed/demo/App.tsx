/** The demo page: a fictional product with the Hub, and a panel for developers. */

import { applyTheme } from "@patchbay/web-shared/theme.ts";
import { useEffect, useState } from "react";
import { CodePanel } from "./CodePanel.tsx";
import { DemoDialog } from "./DemoDialog.tsx";
import { DemoHub } from "./DemoHub.tsx";
import { type DemoSettings, DeveloperPanel } from "./DeveloperPanel.tsx";
import { useEventLog } from "./eventLog.ts";
import { Integrations } from "./Integrations.tsx";
import { Product } from "./Product.tsx";
import { themeFor } from "./themes.ts";
import { useDemo } from "./useDemo.ts";

export function App() {
  const [settings, setSettings] = useState<DemoSettings>({
    theme: "light",
    placement: "dialog",
    footer: true,
  });
  const log = useEventLog();
  const demo = useDemo(log.add);
  const theme = themeFor(settings.theme);

  useEffect(() => applyTheme(document.documentElement, theme), [theme]);

  const hub = demo.hub && (
    <DemoHub
      key={demo.hub.token}
      hub={demo.hub}
      theme={theme}
      footer={settings.footer}
      logEvent={log.add}
      onLinked={() => demo.session?.loggedIn && void demo.refresh()}
      onDone={demo.close}
    />
  );
  const isInline = settings.placement === "page";
  return (
    <>
      <header className="banner">
        <p>
          <strong>Demo.</strong> Northwind Contracts is a fictional product. This page shows how Patchbay's
          Hub looks inside it.
        </p>
        <a href="/dashboard">Dashboard</a>
      </header>
      <div className="layout">
        <Product>
          <Integrations demo={demo}>{isInline ? hub : null}</Integrations>
        </Product>
        <DeveloperPanel settings={settings} onSettings={setSettings} log={log} />
        <CodePanel
          theme={theme}
          footer={settings.footer}
          accountId={demo.hub?.accountId ?? null}
          baseUrl={demo.session?.publicUrl ?? window.location.origin}
        />
      </div>
      {!isInline && hub && <DemoDialog onClose={demo.close}>{hub}</DemoDialog>}
    </>
  );
}
