/** HTML that the server rendered from a connector's Markdown, with raw HTML escaped. */

import { useEffect, useRef } from "react";

interface Props {
  html: string;
  className?: string;
  inline?: boolean;
}

export function Html({ html, className, inline = false }: Props) {
  const box = useRef<HTMLElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new HTML means new links.
  useEffect(() => {
    for (const link of box.current?.querySelectorAll<HTMLAnchorElement>("a[href]") ?? []) {
      // A link must not replace the form.
      link.target = "_blank";
      link.rel = "noopener noreferrer";
    }
  }, [html]);

  const Tag = inline ? "span" : "div";
  return (
    <Tag
      ref={box as never}
      className={className}
      // biome-ignore lint/security/noDangerouslySetInnerHtml: rendered and escaped by our server; the CSP allows no scripts in it.
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
