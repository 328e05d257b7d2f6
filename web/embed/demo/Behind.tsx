/** For the developer: how the Hub looks, what it tells the page, and the code that puts it there. */

import type { Theme } from "../src/react.ts";
import { Choice } from "./Choice.tsx";
import { Code } from "./Code.tsx";
import { EventLog } from "./EventLog.tsx";
import type { useLog } from "./log.ts";
import { LOOKS, type Look } from "./looks.ts";

export interface Settings {
  look: Look;
  place: "dialog" | "page";
  footer: boolean;
}

const PLACES = [
  { value: "dialog", label: "In a dialog" },
  { value: "page", label: "In the page" },
] as const;

interface Props {
  settings: Settings;
  onSettings: (settings: Settings) => void;
  theme: Theme;
  accountId: string | null;
  baseUrl: string;
  log: ReturnType<typeof useLog>;
}

export function Behind({ settings, onSettings, theme, accountId, baseUrl, log }: Props) {
  return (
    <aside className="behind" aria-label="Behind the scenes">
      <h2 className="behind-title">Behind the scenes</h2>
      <section className="panel" aria-labelledby="looks-title">
        <h3 id="looks-title">How it looks</h3>
        <Choice
          label="Theme"
          options={LOOKS}
          value={settings.look}
          onChange={(look) => onSettings({ ...settings, look })}
        />
        <Choice
          label="Place"
          options={PLACES}
          value={settings.place}
          onChange={(place) => onSettings({ ...settings, place })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={settings.footer}
            onChange={(event) => onSettings({ ...settings, footer: event.target.checked })}
          />
          Show the Hub's footer
        </label>
      </section>
      <EventLog entries={log.entries} onClear={log.clear} />
      <Code theme={theme} accountId={accountId} footer={settings.footer} baseUrl={baseUrl} />
    </aside>
  );
}
