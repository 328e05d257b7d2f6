/** A page's heading: what it is, what one can do here, and the main action at the right. */

import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTitle } from "./useTitle.ts";

interface Props {
  title: string;
  /** In place of the title where that is a drawing. */
  heading?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, heading, description, actions }: Props) {
  useTitle(title);
  return (
    <Group component="header" justify="space-between" align="flex-start" mb="lg" gap="md">
      <div style={{ flex: "1 1 280px", minWidth: 0 }}>
        <Title order={1} size="h2">
          {heading ?? title}
        </Title>
        {description && (
          <Text c="dimmed" mt={4}>
            {description}
          </Text>
        )}
      </div>
      {actions && <Group gap="sm">{actions}</Group>}
    </Group>
  );
}
