/** A placeholder for an empty list: what belongs here, and the first step. */

import { Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export const EmptyState = ({ title, children, action }: Props) => (
  <Paper withBorder radius="lg" p="xl">
    <Stack align="center" ta="center" gap="sm" py="lg">
      <Title order={2} size="h4">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" maw={520}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  </Paper>
);
