/** The panel for developers: the Hub's appearance, and the events that the page receives. */

import { EventLog } from "./EventLog.tsx";
import type { useEventLog } from "./eventLog.ts";
import { SegmentedControl } from "./SegmentedControl.tsx";
import { THEME_CHOICES, type ThemeChoice } from "./themes.ts";

export interface DemoSettings {
  theme: ThemeChoice;
  placement: "dialog" | "page";
  footer: boolean;
}

const PLACEMENTS = [
  { value: "dialog", label: "In a dialog" },
  { value: "page", label: "In the page" },
] as const;

interface Props {
  settings: DemoSettings;
  onSettings: (settings: DemoSettings) => void;
  log: ReturnType<typeof useEventLog>;
}

export function DeveloperPanel({ settings, onSettings, log }: Props) {
  return (
    <aside className="developer-panel" aria-label="For developers">
      <h2 className="developer-panel-title">For developers</h2>
      <section className="panel" aria-labelledby="appearance-title">
        <h3 id="appearance-title">Appearance</h3>
        <SegmentedControl
          label="Theme"
          options={THEME_CHOICES}
          value={settings.theme}
          onChange={(theme) => onSettings({ ...settings, theme })}
        />
        <SegmentedControl
          label="Placement"
          options={PLACEMENTS}
          value={settings.placement}
          onChange={(placement) => onSettings({ ...settings, placement })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={settings.footer}
            onChange={(event) => onSettings({ ...settings, footer: event.target.checked })}
          />
          Show the Hub footer
        </label>
      </section>
      <EventLog entries={log.entries} onClear={log.clear} />
    </aside>
  );
}
