/** The two halves: the product as its customer sees it, and beside it what its developer wants to know. */

import { applyTheme } from "@patchbay/web-shared/theme.ts";
import { useEffect, useState } from "react";
import { Behind, type Settings } from "./Behind.tsx";
import { Code } from "./Code.tsx";
import { HubDialog } from "./HubDialog.tsx";
import { Integrations } from "./Integrations.tsx";
import { useLog } from "./log.ts";
import { themeOf } from "./looks.ts";
import { Product } from "./Product.tsx";
import { useDemo } from "./useDemo.ts";
import { VisitHub } from "./VisitHub.tsx";

export function App() {
  const [settings, setSettings] = useState<Settings>({ look: "light", place: "dialog", footer: true });
  const log = useLog();
  const demo = useDemo(log.note);
  const theme = themeOf(settings.look);

  useEffect(() => applyTheme(document.documentElement, theme), [theme]);

  const hub = demo.hub && (
    <VisitHub
      key={demo.hub.token}
      hub={demo.hub}
      theme={theme}
      footer={settings.footer}
      note={log.note}
      onLinked={() => demo.visitor?.signedIn && void demo.refresh()}
      onDone={demo.close}
    />
  );
  const isInline = settings.place === "page";
  return (
    <>
      <header className="banner">
        <p>
          <strong>Demo.</strong> Northwind Contracts does not exist. This page shows how Patchbay's Hub looks
          inside a product.
        </p>
        <a href="/dashboard">Dashboard</a>
      </header>
      <div className="halves">
        <Product>
          <Integrations demo={demo}>{isInline ? hub : null}</Integrations>
        </Product>
        <Behind settings={settings} onSettings={setSettings} log={log} />
        <Code
          theme={theme}
          footer={settings.footer}
          accountId={demo.hub?.accountId ?? null}
          baseUrl={demo.visitor?.publicUrl ?? window.location.origin}
        />
      </div>
      {!isInline && hub && <HubDialog onClose={demo.close}>{hub}</HubDialog>}
    </>
  );
}
