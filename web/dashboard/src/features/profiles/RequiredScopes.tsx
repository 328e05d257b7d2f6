/** The scopes that the allowed actions need, to copy into the OAuth app or the credentials at the provider. */

import { Box, List, Text } from "@mantine/core";
import type { AuthMethod } from "../../api/connectors.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";

export function RequiredScopes({ method }: { method: AuthMethod }) {
  if (method.scopes.length === 0) return null;
  const described = method.scopes.filter(({ description }) => description);
  const label = method.redirect_uri
    ? "Scopes to allow in your OAuth app at the provider"
    : "Scopes that the customer's credentials need";
  return (
    <Box>
      <CodeBlock
        label={label}
        code={method.scopes.map(({ name }) => name).join(method.scope_delimiter)}
        wrap
      />
      <Text size="sm" c="dimmed" mt={6}>
        The allowed actions need these scopes.
        {method.redirect_uri && " Patchbay requests exactly these scopes."}
      </Text>
      {described.length > 0 && (
        <List size="sm" mt={6} c="dimmed">
          {described.map(({ name, description }) => (
            <List.Item key={name} style={{ overflowWrap: "anywhere" }}>
              <Text span size="sm" ff="monospace" c="var(--mantine-color-text)">
                {name}
              </Text>{" "}
              {description}
            </List.Item>
          ))}
        </List>
      )}
    </Box>
  );
}
