/** A page's title, description and main action. */

import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useDocumentTitle } from "./useDocumentTitle.ts";

interface Props {
  title: string;
  /** Shown instead of the title, for example with a logo. */
  heading?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, heading, description, actions }: Props) {
  useDocumentTitle(title);
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
