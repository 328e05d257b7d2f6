/** The fictional product around the Hub: a settings page with an "Integrations" tab. The rest is decoration. */

import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon.tsx";

const NAV_ITEMS: readonly { icon: IconName; name: string }[] = [
  { icon: "home", name: "Overview" },
  { icon: "file", name: "Contracts" },
  { icon: "people", name: "Counterparties" },
  { icon: "gear", name: "Settings" },
];

const TABS = ["General", "Members", "Integrations", "Billing"] as const;

export function Product({ children }: { children: ReactNode }) {
  return (
    <main className="product" aria-label="Northwind Contracts">
      <div className="product-side" aria-hidden="true">
        <p className="brand">
          <span className="brand-mark">N</span> Northwind
        </p>
        <ul>
          {NAV_ITEMS.map(({ icon, name }) => (
            <li key={name} className={name === "Settings" ? "nav-item nav-item-current" : "nav-item"}>
              <Icon name={icon} /> {name}
            </li>
          ))}
        </ul>
        <p className="person">
          <span className="avatar">MJ</span> Mira Jonsson
        </p>
      </div>
      <div className="product-main">
        <p className="breadcrumb">Northwind Contracts</p>
        <h1>Settings</h1>
        <ul className="tabs" aria-hidden="true">
          {TABS.map((name) => (
            <li key={name} className={name === "Integrations" ? "tab tab-current" : "tab"}>
              {name}
            </li>
          ))}
        </ul>
        {children}
      </div>
    </main>
  );
}
