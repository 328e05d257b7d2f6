/** A page's title, description and main action. */

import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { DocsLink } from "./DocsLink.tsx";
import type { DocsTarget } from "./docs.ts";
import { useDocumentTitle } from "./useDocumentTitle.ts";

interface Props {
  title: string;
  /** Shown instead of the title, for example with a logo. */
  heading?: ReactNode;
  description?: ReactNode;
  /** The page of the documentation to learn more from. */
  docs?: DocsTarget;
  actions?: ReactNode;
}

export function PageHeader({ title, heading, description, docs, actions }: Props) {
  useDocumentTitle(title);
  return (
    <Group component="header" justify="space-between" align="flex-start" mb="lg" gap="md">
      <div style={{ flex: "1 1 280px", minWidth: 0 }}>
        <Title order={1} size="h2">
          {heading ?? title}
        </Title>
        {(description || docs) && (
          <Text c="dimmed" mt={4}>
            {description} {docs && <DocsLink to={docs} />}
          </Text>
        )}
      </div>
      {actions && <Group gap="sm">{actions}</Group>}
    </Group>
  );
}
