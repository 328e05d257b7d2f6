/** A block of code with a copy button. */

import { Box, Group, Text } from "@mantine/core";
import { CopyButton } from "./CopyButton.tsx";

interface Props {
  code: string;
  /** The heading, for example "Backend (curl)". */
  label: string;
  wrap?: boolean;
}

export const CodeBlock = ({ code, label, wrap = false }: Props) => (
  <Box>
    <Group justify="space-between" mb={6}>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <CopyButton value={code} what={label} label="Copy" />
    </Group>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be reachable by keyboard */}
    <pre className={wrap ? "pb-code pb-code-wrap" : "pb-code"} tabIndex={0}>
      <code>{code}</code>
    </pre>
  </Box>
);
