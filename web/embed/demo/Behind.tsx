/** For the developer: how the Hub looks, and what it tells the page. */

import { Choice } from "./Choice.tsx";
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
  log: ReturnType<typeof useLog>;
}

export function Behind({ settings, onSettings, log }: Props) {
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
    </aside>
  );
}
