/** The package's React component, used as a product would use it. */

import { PatchbayHub, type Theme } from "../src/react.ts";
import type { LogEvent } from "./eventLog.ts";
import type { OpenHub } from "./useDemo.ts";

interface Props {
  hub: OpenHub;
  theme: Theme;
  footer: boolean;
  logEvent: LogEvent;
  onLinked: () => void;
  onDone: () => void;
}

export function DemoHub({ hub, theme, footer, logEvent, onLinked, onDone }: Props) {
  return (
    <PatchbayHub
      token={hub.token}
      baseUrl={window.location.origin}
      theme={theme}
      accountId={hub.accountId ?? undefined}
      showFooterLinks={footer}
      closeLabel="Back to Northwind"
      onReady={() => logEvent("element", "ready")}
      onSuccess={(account) => {
        logEvent("element", "success", account);
        onLinked();
      }}
      onCancel={() => {
        logEvent("element", "cancel");
        onDone();
      }}
      onClose={() => {
        logEvent("element", "close");
        onDone();
      }}
      onError={(problem) => logEvent("element", "error", problem)}
    />
  );
}
