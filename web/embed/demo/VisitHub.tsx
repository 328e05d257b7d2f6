/** The package's own React component, as a customer of ours would use it. */

import { PatchbayHub, type Theme } from "../src/react.ts";
import type { Note } from "./log.ts";
import type { OpenHub } from "./useDemo.ts";

interface Props {
  hub: OpenHub;
  theme: Theme;
  footer: boolean;
  note: Note;
  onLinked: () => void;
  onDone: () => void;
}

export function VisitHub({ hub, theme, footer, note, onLinked, onDone }: Props) {
  return (
    <PatchbayHub
      token={hub.token}
      baseUrl={window.location.origin}
      theme={theme}
      accountId={hub.accountId ?? undefined}
      showFooterLinks={footer}
      closeLabel="Back to Northwind"
      onReady={() => note("element", "ready")}
      onSuccess={(account) => {
        note("element", "success", account);
        onLinked();
      }}
      onCancel={() => {
        note("element", "cancel");
        onDone();
      }}
      onClose={() => {
        note("element", "close");
        onDone();
      }}
      onError={(problem) => note("element", "error", problem)}
    />
  );
}
