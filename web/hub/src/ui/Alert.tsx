/** A highlighted message. Screen readers announce errors immediately. */

import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon.tsx";

export type Tone = "info" | "warning" | "danger" | "success";

const ICONS: Record<Tone, IconName> = {
  info: "info",
  warning: "warning",
  danger: "warning",
  success: "check",
};

interface Props {
  tone: Tone;
  title?: string;
  children?: ReactNode;
  /** Buttons below the message. */
  actions?: ReactNode;
}

export function Alert({ tone, title, children, actions }: Props) {
  return (
    <div className={`alert alert-${tone}`} role={tone === "danger" ? "alert" : undefined}>
      <Icon name={ICONS[tone]} />
      <div className="alert-body">
        {title && <p className="alert-title">{title}</p>}
        {children}
        {actions && <div className="alert-actions">{actions}</div>}
      </div>
    </div>
  );
}
