/** Two or more panels in one place. The arrow keys move between the tabs, as the pattern asks. */

import { type KeyboardEvent, useRef } from "react";

export interface Tab {
  key: string;
  label: string;
}

interface Props {
  tabs: readonly Tab[];
  current: string;
  label: string;
  onChange: (key: string) => void;
}

/** What makes an element the panel of a tab. A panel that is not chosen stays mounted, out of sight. */
export const tabPanel = (key: string, current: string) => ({
  id: `panel-${key}`,
  role: "tabpanel",
  "aria-labelledby": `tab-${key}`,
  hidden: key !== current,
});

export function Tabs({ tabs, current, label, onChange }: Props) {
  const list = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.key === current);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (at + step + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (!tab) return;
    onChange(tab.key);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };

  return (
    <div ref={list} className="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.key}
          id={`tab-${tab.key}`}
          type="button"
          role="tab"
          className="tab"
          aria-selected={tab.key === current}
          aria-controls={`panel-${tab.key}`}
          tabIndex={tab.key === current ? 0 : -1}
          onClick={() => onChange(tab.key)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
