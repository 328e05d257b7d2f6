/**
 * One screen of the Hub: a card with a heading. When the reader's own act brought the screen up, its
 * heading takes the focus, so that a keyboard or a screen reader goes on from there; on the first load it
 * does not, since a frame must not take the focus from the page around it.
 */

import { createContext, type ReactNode, type RefObject, useContext, useEffect, useRef } from "react";
import { Logo } from "./Logo.tsx";

/** Whether the reader has done anything on the page yet. */
export const Acted = createContext<RefObject<boolean>>({ current: false });

interface Props {
  title: string;
  /** Under the title. */
  subtitle?: ReactNode;
  logo?: { name: string; url: string | null | undefined };
  /** Left of the title. */
  lead?: ReactNode;
  /** Right of the title. */
  tools?: ReactNode;
  wide?: boolean;
  /** Centred, with a sign above: for screens that say one thing. */
  sign?: ReactNode;
  children?: ReactNode;
}

export function Screen({ title, subtitle, logo, lead, tools, wide = false, sign, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const acted = useContext(Acted);

  useEffect(() => {
    document.title = title;
  }, [title]);

  useEffect(() => {
    if (acted.current) heading.current?.focus({ preventScroll: true });
  }, [acted]);

  const head = (
    <h1 ref={heading} tabIndex={-1} className="screen-title">
      {title}
    </h1>
  );
  if (sign) {
    return (
      <section className="card card-message" aria-label={title}>
        <div className="message-sign">{sign}</div>
        {head}
        {subtitle && <p className="screen-subtitle">{subtitle}</p>}
        {children}
      </section>
    );
  }
  return (
    <section className={wide ? "card card-wide" : "card"} aria-label={title}>
      <header className="screen-head">
        {lead}
        {logo && <Logo name={logo.name} url={logo.url} size={40} />}
        <div className="screen-names">
          {head}
          {subtitle && <p className="screen-subtitle">{subtitle}</p>}
        </div>
        {tools && <div className="screen-tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}
