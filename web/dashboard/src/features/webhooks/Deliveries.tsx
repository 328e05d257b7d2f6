/** The deliveries of a webhook, newest first. */

import { Anchor, Button, Center, Group, SegmentedControl, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import { type Delivery, type DeliveryState, useDeliveries } from "../../api/webhooks.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { DeliveryDialog } from "./DeliveryDialog.tsx";
import { DELIVERY_STATES, deliveryStateOf } from "./health.ts";
import { DeliveryPill } from "./StatePill.tsx";

const ALL = "all";

export function Deliveries({ webhook }: { webhook: number }) {
  const [state, setState] = useState<DeliveryState | null>(null);
  const [shown, setShown] = useState<number | null>(null);
  const deliveries = useDeliveries(webhook, state);
  const isPhone = useIsPhone();
  const headings = isPhone ? ["Event", "State"] : ["Event", "State", "Attempts", "Last response", "Queued"];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h4">
          Deliveries
        </Title>
        <SegmentedControl
          aria-label="State of deliveries"
          size="xs"
          value={state ?? ALL}
          onChange={(value) => setState(value === ALL ? null : (value as DeliveryState))}
          data={[
            { value: ALL, label: "All" },
            ...DELIVERY_STATES.map((value) => ({ value, label: deliveryStateOf(value).label })),
          ]}
        />
      </Group>
      <QueryBoundary query={deliveries} what="deliveries">
        {({ pages }) => {
          const all = pages.flatMap(({ data }) => data);
          if (all.length === 0) {
            return state === null ? (
              <EmptyState title="No deliveries yet">
                Send a test, or link an account: each event that the webhook is subscribed to appears here.
              </EmptyState>
            ) : (
              <EmptyState title="No matching deliveries">No delivery is in this state.</EmptyState>
            );
          }
          return (
            <>
              <ListTable headings={headings}>
                {all.map((delivery) => (
                  <DeliveryRow
                    key={delivery.id}
                    delivery={delivery}
                    isPhone={isPhone}
                    onOpen={() => setShown(delivery.id)}
                  />
                ))}
              </ListTable>
              {deliveries.hasNextPage && (
                <Center>
                  <Button
                    variant="default"
                    loading={deliveries.isFetchingNextPage}
                    onClick={() => void deliveries.fetchNextPage()}
                  >
                    Load more
                  </Button>
                </Center>
              )}
            </>
          );
        }}
      </QueryBoundary>
      <DeliveryDialog id={shown} onClose={() => setShown(null)} />
    </Stack>
  );
}

interface RowProps {
  delivery: Delivery;
  isPhone: boolean;
  onOpen: () => void;
}

function DeliveryRow({ delivery, isPhone, onOpen }: RowProps) {
  const { event, event_id, state, attempts, last_status, last_error, created_at } = delivery;
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component="button" type="button" size="sm" fw={600} onClick={onOpen}>
          {event}
        </Anchor>
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {isPhone ? <Timestamp at={created_at} inherit /> : event_id}
        </Text>
      </Table.Td>
      <Table.Td>
        <DeliveryPill state={state} />
      </Table.Td>
      {!isPhone && (
        <>
          <Table.Td>{attempts}</Table.Td>
          <Table.Td>
            <Text size="sm" lineClamp={2}>
              {last_status ?? last_error ?? "—"}
            </Text>
          </Table.Td>
          <Table.Td>
            <Timestamp at={created_at} />
          </Table.Td>
        </>
      )}
    </Table.Tr>
  );
}
