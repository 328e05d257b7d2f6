/** An account's credentials: how they are, how old, and when they are refreshed; never their values. */

import { Card, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Account } from "../../api/client.ts";
import { KeyValueTable } from "../../ui/KeyValueTable.tsx";
import { Pill } from "../../ui/Pill.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { credentialHealth } from "./credentialHealth.ts";

export function Credentials({ account }: { account: Account }) {
  const { label, color, meaning } = credentialHealth(account, new Date());
  const rows: [string, ReactNode][] = [
    [
      "Health",
      <Stack key="health" gap={2} align="flex-start">
        <Pill color={color}>{label}</Pill>
        <Text size="sm">{meaning}</Text>
      </Stack>,
    ],
    ["Reconnect before", account.relink ? <Timestamp key="before" at={account.relink.before} /> : null],
    ...tokenRows(account),
  ];
  return (
    <Card withBorder radius="lg" component="section" aria-label="Credentials">
      <Title order={2} size="h4" mb="sm">
        Credentials
      </Title>
      <KeyValueTable rows={rows.filter(([, value]) => value !== null && value !== "")} />
    </Card>
  );
}

function tokenRows({ token }: Account): [string, ReactNode][] {
  if (!token) return [["Token", "None: every call uses the stored credentials"]];
  const time = (at: string | null | undefined, fallback: string | null) =>
    at ? <Timestamp at={at} /> : fallback;
  const previousClient = token.is_of_earlier_app ? " (the connector profile now uses another OAuth app)" : "";
  return [
    ["Token issued", time(token.issued_at, null)],
    ["Token expires", time(token.expires_at, "Not reported by the provider")],
    ["Next refresh", time(token.renews_at, "Not refreshed automatically")],
    ["Refresh token expires", time(token.refresh_expires_at, null)],
    ["Client ID", token.client_id ? `${token.client_id}${previousClient}` : null],
    ["Scopes", token.scopes.join(", ")],
  ];
}
