/** The rows of the list of logs. Only the visible ones are in the page, so that it can be as long as the logs are. */

import { Anchor, Loader, Table, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect } from "react";
import { type ActionLog, isRawRequest, logName } from "../../api/logs.ts";
import { clockTime, preciseTime } from "../../ui/time.ts";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { HttpStatusPill } from "../runner/HttpStatusPill.tsx";
import { formatDuration } from "./duration.ts";
import type { LogFilters } from "./filters.ts";
import { sourceLabel } from "./source.ts";

/** The height of each row, in pixels; the rows of `dashboard.css` have no other one. */
const ROW_PX = 56;
/** The number of rows before the end at which the next page is loaded. */
const ROWS_AHEAD = 30;

interface Props {
  logs: ActionLog[];
  scroller: RefObject<HTMLDivElement | null>;
  /** The address's query, which the link of a row keeps. */
  search: LogFilters;
  canLoadMore: boolean;
  isLoadingMore: boolean;
  onLoadMore: () => void;
  onScroll: (top: number) => void;
}

export function LogTable({
  logs,
  scroller,
  search,
  canLoadMore,
  isLoadingMore,
  onLoadMore,
  onScroll,
}: Props) {
  const isPhone = useIsPhone();
  const virtualizer = useVirtualizer({
    count: logs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => logs[index]?.log_id ?? index,
    overscan: 12,
  });
  const rows = virtualizer.getVirtualItems();
  const first = rows[0];
  const last = rows.at(-1);
  const isNearEnd = last !== undefined && last.index >= logs.length - ROWS_AHEAD;
  useEffect(() => {
    if (isNearEnd && canLoadMore && !isLoadingMore) onLoadMore();
  }, [isNearEnd, canLoadMore, isLoadingMore, onLoadMore]);
  const shown = useColumns(isPhone);
  const columns = 2 + Object.values(shown).filter(Boolean).length;
  const now = new Date();
  return (
    <div
      ref={scroller}
      className="pb-panel pb-log-rows"
      onScroll={(event) => onScroll(event.currentTarget.scrollTop)}
    >
      {/* The number of rows is unknown while there are further pages. */}
      <Table
        layout="fixed"
        horizontalSpacing="md"
        stickyHeader
        aria-label="Logs"
        aria-rowcount={canLoadMore || isLoadingMore ? -1 : logs.length + 1}
      >
        <Table.Thead>
          <Table.Tr aria-rowindex={1}>
            {shown.time && <Table.Th w={170}>Time</Table.Th>}
            <Table.Th>Call</Table.Th>
            {shown.account && <Table.Th w="20%">Account</Table.Th>}
            <Table.Th w={100}>Status</Table.Th>
            {shown.duration && <Table.Th w={110}>Duration</Table.Th>}
            {shown.source && <Table.Th w={120}>Source</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Spacer height={first?.start ?? 0} columns={columns} />
          {rows.map(({ index, key }) => {
            const log = logs[index];
            return log === undefined ? null : (
              <LogRow key={key} log={log} index={index} search={search} shown={shown} now={now} />
            );
          })}
          <Spacer height={virtualizer.getTotalSize() - (last?.end ?? 0)} columns={columns} />
        </Table.Tbody>
      </Table>
      {isLoadingMore && (
        <div className="pb-log-more">
          <Loader size="sm" aria-label="Loading older logs" />
        </div>
      )}
    </div>
  );
}

/** The columns that a table has besides those of the call and its status. */
interface Columns {
  time: boolean;
  account: boolean;
  duration: boolean;
  source: boolean;
}

/** Returns the columns for which the window has room: the name of the call must stay readable. */
function useColumns(isPhone: boolean): Columns {
  const options = { getInitialValueInEffect: false };
  const isMedium = useMediaQuery("(min-width: 62em)", true, options);
  const isWide = useMediaQuery("(min-width: 75em)", true, options);
  return { time: !isPhone, account: isMedium, duration: isMedium, source: isWide };
}

/** Takes the place of the rows that are not in the page. */
const Spacer = ({ height, columns }: { height: number; columns: number }) =>
  height <= 0 ? null : (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );

interface RowProps {
  log: ActionLog;
  index: number;
  search: LogFilters;
  shown: Columns;
  now: Date;
}

/** On a phone, the time is below the name. */
function LogRow({ log, index, search, shown, now }: RowProps) {
  const isPhone = !shown.time;
  const time = (
    <Tooltip label={preciseTime(log.start_time)}>
      <Text
        component="time"
        dateTime={log.start_time}
        size={isPhone ? "xs" : "sm"}
        {...(isPhone ? { c: "dimmed" } : {})}
      >
        {clockTime(log.start_time, now)}
      </Text>
    </Tooltip>
  );
  return (
    <Table.Tr className="pb-log-row" aria-rowindex={index + 2}>
      {!isPhone && <Table.Td>{time}</Table.Td>}
      <Table.Td>
        <Anchor
          component={Link}
          to="/logs"
          search={{ ...search, run: log.log_id } as never}
          resetScroll={false}
          className="pb-log-link"
          underline="hover"
          size="sm"
          fw={600}
        >
          {logName(log)}
        </Anchor>
        {isPhone ? (
          time
        ) : (
          <Text size="xs" c="dimmed" truncate>
            {isRawRequest(log) ? `${log.connector_key ?? "no connector"} · raw request` : log.connector_key}
          </Text>
        )}
      </Table.Td>
      {shown.account && (
        <Table.Td>
          <Text size="sm" truncate>
            {log.origin_owner_name ?? log.account_id ?? "—"}
          </Text>
        </Table.Td>
      )}
      <Table.Td>
        <HttpStatusPill status={log.status_code} />
      </Table.Td>
      {shown.duration && <Table.Td>{formatDuration(log.duration_ms)}</Table.Td>}
      {shown.source && <Table.Td>{sourceLabel(log.source_type)}</Table.Td>}
    </Table.Tr>
  );
}
