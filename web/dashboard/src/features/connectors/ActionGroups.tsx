/** A connector's actions by topic; each expands to its inputs and links to the runner. */

import { Accordion, Badge, Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconListSearch, IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Action } from "../../api/connectors.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { InlineCodeText } from "../../ui/InlineCodeText.tsx";
import { NewestLogs } from "../logs/NewestLogs.tsx";
import { ActionEffectPill } from "./ActionEffectPill.tsx";
import { groupByTopic } from "./groupActions.ts";
import { InputTable } from "./InputTable.tsx";

interface Props {
  connector: string;
  actions: Action[];
  isSearch: boolean;
}

export function ActionGroups({ connector, actions, isSearch }: Props) {
  const [opened, setOpened] = useState<string[]>([]);
  if (actions.length === 0) return <Text c="dimmed">No matching actions.</Text>;
  return (
    <Stack gap="lg">
      {groupByTopic(actions).map(({ topic, actions: topicActions }) => (
        <section key={topic} aria-label={topic}>
          <Title order={3} size="h5" mb="xs">
            {topic}{" "}
            <Text span c="dimmed" size="sm" fw={400}>
              {topicActions.length}
            </Text>
          </Title>
          {/* A search does not expand its results: the matching text is visible in the collapsed rows. */}
          <Accordion
            variant="contained"
            radius="md"
            chevronPosition="left"
            multiple={isSearch}
            order={4}
            onChange={(values: string | string[] | null) =>
              setOpened((before) => [...new Set([...before, ...[values ?? []].flat()])])
            }
          >
            {topicActions.map((action) => (
              <Accordion.Item key={action.id} value={action.id}>
                <Accordion.Control>
                  <Group justify="space-between" gap="sm" wrap="nowrap">
                    <div>
                      <Text size="sm" fw={600}>
                        {action.label}
                      </Text>
                      <Text size="sm" c="dimmed">
                        <InlineCodeText text={action.description} />
                      </Text>
                    </div>
                    <ActionEffectPill action={action} />
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <ActionDetail
                    connector={connector}
                    action={action}
                    wasOpened={opened.includes(action.id)}
                  />
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        </section>
      ))}
    </Stack>
  );
}

interface DetailProps {
  connector: string;
  action: Action;
  /** Whether the reader has opened it: the details of all actions are in the page, but only those load logs. */
  wasOpened: boolean;
}

function ActionDetail({ connector, action, wasOpened }: DetailProps) {
  const { details, input_schema: schema } = action.action_details;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap={4} wrap="nowrap">
          <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
            {action.id}
          </Text>
          <CopyButton value={action.id} what={`ID of ${action.label}`} />
        </Group>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconListSearch size={14} aria-hidden />}
            renderRoot={(props) => (
              <Link
                to="/logs"
                search={{ action: action.id }}
                {...props}
                aria-label={`Logs of ${action.label}`}
              />
            )}
          >
            Logs
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlayerPlay size={14} aria-hidden />}
            renderRoot={(props) => (
              <Link
                to="/run"
                search={{ connector, action: action.id }}
                {...props}
                aria-label={`Run action ${action.label}`}
              />
            )}
          >
            Run action
          </Button>
        </Group>
      </Group>
      {details && (
        <Text size="sm">
          <InlineCodeText text={details} />
        </Text>
      )}
      {action.required_scopes.length > 0 && (
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            Required scopes
          </Text>
          {action.required_scopes.map((scope) => (
            <Badge key={scope} variant="default" fw={500} tt="none">
              {scope}
            </Badge>
          ))}
        </Group>
      )}
      <InputTable schema={schema} />
      {wasOpened && (
        <section aria-label={`Newest calls of ${action.label}`}>
          <Text size="sm" c="dimmed" mb={4}>
            Newest calls
          </Text>
          <NewestLogs filters={{ action: action.id }} />
        </section>
      )}
    </Stack>
  );
}
