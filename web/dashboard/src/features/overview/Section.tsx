/** A part of the overview: a region with a heading. */

import { Card, Group, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** Beside the heading. */
  aside?: ReactNode;
  children: ReactNode;
}

export const Section = ({ title, aside, children }: Props) => (
  <Card withBorder radius="lg" component="section" aria-label={title} miw={0}>
    <Group justify="space-between" mb="sm">
      <Title order={2} size="h4">
        {title}
      </Title>
      {aside}
    </Group>
    {children}
  </Card>
);
