/** A connector's actions by what they are about; each opens to its inputs and leads to the runner. */

import { Accordion, Badge, Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Action } from "../../api/connectors.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Prose } from "../../ui/Prose.tsx";
import { Annotations } from "./Annotations.tsx";
import { byTopic } from "./actionTopics.ts";
import { InputTable } from "./InputTable.tsx";

interface Props {
  connector: string;
  actions: Action[];
  isSearch: boolean;
}

export function ActionGroups({ connector, actions, isSearch }: Props) {
  if (actions.length === 0) return <Text c="dimmed">No action has these words.</Text>;
  return (
    <Stack gap="lg">
      {byTopic(actions).map(({ topic, own }) => (
        <section key={topic} aria-label={topic}>
          <Title order={3} size="h5" mb="xs">
            {topic}{" "}
            <Text span c="dimmed" size="sm" fw={400}>
              {own.length}
            </Text>
          </Title>
          {/* What a search found stays open or shut as it was: the words are in the closed row as well. */}
          <Accordion variant="contained" radius="md" chevronPosition="left" multiple={isSearch} order={4}>
            {own.map((action) => (
              <Accordion.Item key={action.id} value={action.id}>
                <Accordion.Control>
                  <Group justify="space-between" gap="sm" wrap="nowrap">
                    <div>
                      <Text size="sm" fw={600}>
                        {action.label}
                      </Text>
                      <Text size="sm" c="dimmed">
                        <Prose text={action.description} />
                      </Text>
                    </div>
                    <Annotations action={action} />
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <ActionDetail connector={connector} action={action} />
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        </section>
      ))}
    </Stack>
  );
}

function ActionDetail({ connector, action }: { connector: string; action: Action }) {
  const { details, input_schema: schema } = action.action_details;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap={4} wrap="nowrap">
          <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
            {action.id}
          </Text>
          <CopyButton value={action.id} what={`the id of ${action.label}`} />
        </Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          renderRoot={(props) => (
            <Link
              to="/run"
              search={{ connector, action: action.id }}
              {...props}
              aria-label={`Run ${action.label}`}
            />
          )}
        >
          Run it
        </Button>
      </Group>
      {details && (
        <Text size="sm">
          <Prose text={details} />
        </Text>
      )}
      {action.required_scopes.length > 0 && (
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            Needs
          </Text>
          {action.required_scopes.map((scope) => (
            <Badge key={scope} variant="default" fw={500} tt="none">
              {scope}
            </Badge>
          ))}
        </Group>
      )}
      <InputTable schema={schema} />
    </Stack>
  );
}
