/**
 * One paragraph of a connector's Markdown as it comes in field descriptions and notices: bold, italics,
 * code and links to the web. Made into elements, never into HTML text; what it does not know stays as
 * it was written.
 */

import { Fragment, type ReactNode } from "react";

const SPAN = /\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^()\s]+)\)|\*([^*\s][^*]*)\*/g;

const isWeb = (address: string): boolean => /^(?:https?:\/\/|\/(?!\/))/.test(address);

export function markdownNodes(text: string): ReactNode[] {
  const nodes: ReactNode[] = [];
  let from = 0;
  for (const found of text.matchAll(SPAN)) {
    const [whole, bold, code, label, address, italic] = found;
    nodes.push(text.slice(from, found.index));
    if (bold) nodes.push(<strong>{bold}</strong>);
    else if (code) nodes.push(<code>{code}</code>);
    else if (italic) nodes.push(<em>{italic}</em>);
    else if (label && address && isWeb(address)) {
      nodes.push(
        <a href={address} target="_blank" rel="noopener noreferrer">
          {label}
        </a>,
      );
    } else nodes.push(whole);
    from = found.index + whole.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

export function Markdown({ text }: { text: string }) {
  return markdownNodes(text).map((node, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the text is constant, so places do not move.
    <Fragment key={place}>{node}</Fragment>
  ));
}
