/**
 * Renders one paragraph of a connector's Markdown, from a field description or a notice: bold, italics, code and web
 * links. Creates elements, never HTML text; other Markdown stays as text.
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
  return markdownNodes(text).map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the text is constant, so nodes are never reordered.
    <Fragment key={index}>{node}</Fragment>
  ));
}
