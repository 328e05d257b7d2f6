/** The page of one connector: its authentication methods and actions. */

import { Anchor, Button, Card, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { type AuthMethod, useActionSearch, useActions, useConnector } from "../../api/connectors.ts";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { connectorDocs } from "../../ui/docs.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { ProfileDialog } from "../profiles/ProfileDialog.tsx";
import { ActionGroups } from "./ActionGroups.tsx";
import { EvidencePills } from "./EvidencePills.tsx";

const route = getRouteApi("/connectors/$key");

/** How long typing pauses before the server is asked. */
const SEARCH_DELAY_MS = 200;

/** Returns the fields that the Hub shows for a method. */
const fieldSummary = (method: AuthMethod): string => {
  const shown = method.config_fields.filter(({ display }) => display !== false);
  const labels = shown.map(({ label }) => label);
  return labels.length === 0 ? "No fields to fill in" : `Fields: ${labels.join(", ")}`;
};

export function ConnectorPage() {
  const { key } = route.useParams();
  const connector = useConnector(key);
  const actions = useActions({ connector: key });
  const [search, setSearch] = useState("");
  const [sought] = useDebouncedValue(search.trim(), SEARCH_DELAY_MS);
  const query = search.toLowerCase();
  const named = (actions.data ?? []).filter((action) =>
    `${action.id} ${action.label} ${action.description}`.toLowerCase().includes(query),
  );
  // If no text contains what was typed, the actions that do it are shown.
  const meant = useActionSearch(key, named.length > 0 ? "" : sought);
  const shown = named.length > 0 ? named : (actions.data ?? []).filter(({ id }) => meant.data?.includes(id));
  const [creating, setCreating] = useState(false);
  if (connector.isPending) return <Loader aria-label="Loading the connector" />;
  if (connector.isError) {
    return (
      <Stack>
        <PageHeader title="Connector" />
        <ErrorState
          title="Could not load the connector"
          error={connector.error}
          onRetry={() => void connector.refetch()}
        />
      </Stack>
    );
  }
  const { provider_name: name, description, authentication, evidence, resources, version } = connector.data;
  return (
    <>
      <Anchor component={Link} to="/connectors" size="sm">
        ← Connectors
      </Anchor>
      <PageHeader
        title={name}
        heading={
          <Group gap="sm" component="span">
            <ConnectorLogo name={name} url={resources.images.logo_url} size={32} />
            {name}
            <Text span size="sm" c="dimmed" fw={400}>
              {version}
            </Text>
          </Group>
        }
        description={description}
        docs={connectorDocs(key, name)}
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
            Create connector profile
          </Button>
        }
      />
      <Stack>
        <Card withBorder radius="lg">
          <Title order={2} size="h4" mb="sm">
            Authentication methods
          </Title>
          {authentication.map((method) => (
            <Group key={method.key} justify="space-between" align="flex-start" wrap="nowrap" mb={4}>
              <div>
                <Text>{method.label}</Text>
                <Text c="dimmed" size="sm">
                  {fieldSummary(method)}
                </Text>
              </div>
              <Anchor href={method.guide_url} target="_blank" size="sm">
                Guide
              </Anchor>
            </Group>
          ))}
        </Card>
        <Group justify="space-between" align="flex-end">
          <Group gap="sm">
            <Title order={2} size="h4">
              Actions{actions.data ? ` (${actions.data.length})` : ""}
            </Title>
            <EvidencePills evidence={evidence} />
          </Group>
          <SearchInput
            aria-label="Search actions"
            placeholder="Search actions"
            value={search}
            onSearch={setSearch}
          />
        </Group>
        <QueryBoundary query={actions} what="actions">
          {(all) =>
            all.length === 0 ? (
              <Text c="dimmed">This connector has no actions.</Text>
            ) : (
              <ActionGroups connector={key} actions={shown} isSearch={search !== ""} />
            )
          }
        </QueryBoundary>
      </Stack>
      <ProfileDialog opened={creating} connector={key} profile={null} onClose={() => setCreating(false)} />
    </>
  );
}
