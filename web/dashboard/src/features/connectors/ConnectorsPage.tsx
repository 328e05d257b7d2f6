/** The list of the server's connectors. */

import { Card, Chip, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { categoryName } from "@patchbay/web-shared/category.ts";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Connector, useConnectors } from "../../api/connectors.ts";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { Pill } from "../../ui/Pill.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { SearchInput } from "../../ui/SearchInput.tsx";

export function ConnectorsPage() {
  const connectors = useConnectors();
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState("");
  const all = connectors.data ?? [];
  const categories = [...new Set(all.flatMap((connector) => connector.categories))].sort();
  const query = search.toLowerCase();
  const shown = all.filter(
    ({ provider_name: name, provider, description, categories: own }) =>
      `${name} ${provider} ${description}`.toLowerCase().includes(query) &&
      (category === "" || own.includes(category)),
  );
  return (
    <>
      <PageHeader
        title="Connectors"
        description="The providers you can link accounts with, and the actions each one offers."
        docs={DOCS.connectors}
      />
      <Group mb="md" align="flex-end">
        <SearchInput
          label="Search"
          placeholder="Name or description"
          value={search}
          onSearch={setSearch}
          style={{ flex: "1 1 240px" }}
        />
        {categories.length > 1 && (
          <Chip.Group
            value={category}
            onChange={(value) => setCategory(typeof value === "string" ? value : "")}
          >
            <Group gap="xs">
              <Chip value="">All</Chip>
              {categories.map((name) => (
                <Chip key={name} value={name}>
                  {categoryName(name)}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        )}
      </Group>
      <QueryBoundary query={connectors} what="connectors">
        {() =>
          shown.length === 0 ? (
            <EmptyState title={all.length === 0 ? "No connectors" : "No matching connectors"}>
              {all.length === 0
                ? "The server started without connectors. Its log says why."
                : "No connector in this category matches your search."}
            </EmptyState>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {shown.map((connector) => (
                <ConnectorCard key={connector.provider} connector={connector} />
              ))}
            </SimpleGrid>
          )
        }
      </QueryBoundary>
    </>
  );
}

const ConnectorCard = ({ connector }: { connector: Connector }) => (
  <Card withBorder radius="lg">
    <Stack gap="sm" h="100%">
      <Group wrap="nowrap">
        <ConnectorLogo name={connector.provider_name} url={connector.resources.images.logo_url} size={40} />
        <div>
          <Link to="/connectors/$key" params={{ key: connector.provider }} className="pb-row-link">
            {connector.provider_name}
          </Link>
          <Text size="xs" c="dimmed">
            {connector.categories.map(categoryName).join(", ")} · {connector.version}
          </Text>
        </div>
      </Group>
      <Text size="sm" c="dimmed" lineClamp={3} style={{ flex: 1 }}>
        {connector.description}
      </Text>
      <Group justify="space-between">
        <Text size="sm">{connector.actions === 1 ? "1 action" : `${connector.actions} actions`}</Text>
        <Pill color={connector.active ? "teal" : "gray"}>
          {connector.active ? "Ready to link" : "No enabled profile"}
        </Pill>
      </Group>
    </Stack>
  </Card>
);
