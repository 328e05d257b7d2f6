/** A link to the documentation, in a new tab: nothing that a person has entered is lost. */

import { Anchor, type AnchorProps, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import type { DocsTarget } from "./docs.ts";

interface Props extends AnchorProps {
  to: DocsTarget;
  /** Default: "Learn more", which screen readers hear with what it is about. */
  children?: ReactNode;
}

export const DocsLink = ({ to, children, ...props }: Props) => (
  <Anchor href={to.path} target="_blank" inherit {...props}>
    {children ?? (
      <>
        Learn more<VisuallyHidden component="span"> about {to.about}</VisuallyHidden>
      </>
    )}
    <VisuallyHidden component="span"> (opens a new tab)</VisuallyHidden>
  </Anchor>
);
