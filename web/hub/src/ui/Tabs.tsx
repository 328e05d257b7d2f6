/** Tabs, with arrow keys as in the ARIA tabs pattern. */

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

/** Returns the attributes of a tab's panel. A panel that is not selected stays mounted but hidden. */
export const tabPanel = (key: string, current: string) => ({
  id: `panel-${key}`,
  role: "tabpanel",
  "aria-labelledby": `tab-${key}`,
  hidden: key !== current,
});

export function Tabs({ tabs, current, label, onChange }: Props) {
  const list = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent): void => {
    const index = tabs.findIndex((tab) => tab.key === current);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (index + step + tabs.length) % tabs.length;
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
