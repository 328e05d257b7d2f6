/** The connectors that this server has. */

import { Card, Chip, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { categoryName } from "@patchbay/web-shared/category.ts";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Connector, useConnectors } from "../../api/connectors.ts";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Loaded } from "../../ui/Loaded.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { Pill } from "../../ui/Pill.tsx";
import { SearchInput } from "../../ui/SearchInput.tsx";

export function ConnectorsPage() {
  const connectors = useConnectors();
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState("");
  const all = connectors.data ?? [];
  const categories = [...new Set(all.flatMap((one) => one.categories))].sort();
  const words = search.toLowerCase();
  const shown = all.filter(
    (one) =>
      `${one.provider_name} ${one.provider} ${one.description}`.toLowerCase().includes(words) &&
      (category === "" || one.categories.includes(category)),
  );
  return (
    <>
      <PageHeader
        title="Connectors"
        description="The providers that accounts can be linked with, and what can be done there."
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
      <Loaded query={connectors} what="the connectors">
        {() =>
          shown.length === 0 ? (
            <EmptyState title={all.length === 0 ? "There is no connector" : "No connector fits"}>
              {all.length === 0
                ? "The server was started without connectors; its log says why."
                : "No connector has these words in this category."}
            </EmptyState>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {shown.map((one) => (
                <Tile key={one.provider} connector={one} />
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
    </>
  );
}

const Tile = ({ connector }: { connector: Connector }) => (
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
        <Text size="sm">{connector.actions} actions</Text>
        <Pill color={connector.active ? "teal" : "gray"}>
          {connector.active ? "Can be linked" : "No enabled profile"}
        </Pill>
      </Group>
    </Stack>
  </Card>
);
