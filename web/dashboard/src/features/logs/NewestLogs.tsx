/** The newest logs of an account or of an action, each with its drawer, and the way to all of them. */

import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ActionLog, logName, useNewestLogs } from "../../api/logs.ts";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { HttpStatusPill } from "../runner/HttpStatusPill.tsx";
import type { LogFilters } from "./filters.ts";

const SHOWN = 5;

interface Props {
  filters: Pick<LogFilters, "account" | "action">;
}

export function NewestLogs({ filters }: Props) {
  const logs = useNewestLogs(filters, SHOWN);
  const ofAction = filters.action !== undefined;
  return (
    <QueryBoundary query={logs} what="the newest calls">
      {({ data }) =>
        data.length === 0 ? (
          <Text size="sm" c="dimmed">
            {ofAction
              ? "No call of this action is in the logs."
              : "No call with this account is in the logs."}
          </Text>
        ) : (
          <Stack gap="sm" component="ul" aria-label="Newest calls" m={0} p={0} style={{ listStyle: "none" }}>
            {data.map((log) => (
              <Stack key={log.log_id} component="li" gap={2} align="flex-start">
                <Anchor
                  component={Link}
                  to="/logs"
                  search={{ ...filters, run: log.log_id } as never}
                  size="sm"
                  style={{ overflowWrap: "anywhere" }}
                >
                  {nameIn(log, ofAction)}
                </Anchor>
                <Group gap="sm">
                  <HttpStatusPill status={log.status_code} />
                  <Timestamp at={log.start_time} />
                </Group>
              </Stack>
            ))}
          </Stack>
        )
      }
    </QueryBoundary>
  );
}

/** In a list of one action, the account tells calls apart. */
const nameIn = (log: ActionLog, ofAction: boolean): string =>
  ofAction ? (log.origin_owner_name ?? log.account_id ?? logName(log)) : logName(log);
