/** The scopes that the allowed actions need, for whoever sets up the app or the key at the provider. */

import { Box, List, Text } from "@mantine/core";
import type { AuthMethod } from "../../api/connectors.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";

export function Scopes({ method }: { method: AuthMethod }) {
  if (method.scopes.length === 0) return null;
  const described = method.scopes.filter(({ description }) => description);
  const label = method.redirect_uri
    ? "Scopes: allow them to your app at the provider"
    : "Scopes: what the customer's key must be allowed";
  return (
    <Box>
      <CodeBlock
        label={label}
        code={method.scopes.map(({ name }) => name).join(method.scope_delimiter)}
        wrap
      />
      <Text size="sm" c="dimmed" mt={6}>
        They are for the actions that are allowed above.
        {method.redirect_uri && " The sign-in asks for these and no others."}
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
