/**
 * One screen of the Hub: a card with a heading. If the user has interacted with the page, a new screen focuses its
 * heading, so that keyboard and screen reader users continue from there. On the first load it does not, since a frame
 * must not take the focus from the host page.
 */

import { createContext, type ReactNode, type RefObject, useContext, useEffect, useRef } from "react";
import { ConnectorLogo } from "./ConnectorLogo.tsx";

/** Whether the user has interacted with the page. */
export const UserInteracted = createContext<RefObject<boolean>>({ current: false });

interface Props {
  title: string;
  /** Below the title. */
  subtitle?: ReactNode;
  logo?: { name: string; url: string | null | undefined };
  /** Left of the title. */
  leading?: ReactNode;
  /** Right of the title. */
  tools?: ReactNode;
  wide?: boolean;
  /** An icon above the centered content, for message screens. */
  icon?: ReactNode;
  children?: ReactNode;
}

export function Screen({ title, subtitle, logo, leading, tools, wide = false, icon, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const userInteracted = useContext(UserInteracted);

  useEffect(() => {
    document.title = title;
  }, [title]);

  useEffect(() => {
    if (userInteracted.current) heading.current?.focus({ preventScroll: true });
  }, [userInteracted]);

  const titleElement = (
    <h1 ref={heading} tabIndex={-1} className="screen-title">
      {title}
    </h1>
  );
  if (icon) {
    return (
      <section className="card card-message" aria-label={title}>
        <div className="message-icon">{icon}</div>
        {titleElement}
        {subtitle && <p className="screen-subtitle">{subtitle}</p>}
        {children}
      </section>
    );
  }
  return (
    <section className={wide ? "card card-wide" : "card"} aria-label={title}>
      <header className="screen-head">
        {leading}
        {logo && <ConnectorLogo name={logo.name} url={logo.url} size={40} />}
        <div className="screen-names">
          {titleElement}
          {subtitle && <p className="screen-subtitle">{subtitle}</p>}
        </div>
        {tools && <div className="screen-tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}
