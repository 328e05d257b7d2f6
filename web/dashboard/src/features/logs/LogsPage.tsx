/** The logs of all calls: the list with filters, the live tail, and a drawer with the details of one. */

import { Alert, Anchor, Button, Group, Loader, Stack, Switch, Text } from "@mantine/core";
import { IconArrowUp, IconDownload, IconRefresh } from "@tabler/icons-react";
import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { isRawRequest, type LogPage, useLogs } from "../../api/logs.ts";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { ExportDialog } from "./ExportDialog.tsx";
import { changeLogFilter, countFilters, type LogFilters, withoutRun } from "./filters.ts";
import { LogDrawer } from "./LogDrawer.tsx";
import { LogFilterBar } from "./LogFilterBar.tsx";
import { LogTable } from "./LogTable.tsx";
import { mergeLogs } from "./mergeLogs.ts";
import { SavedViews } from "./SavedViews.tsx";
import { type LiveState, useLiveLogs } from "./useLiveLogs.ts";

const route = getRouteApi("/logs");

/** A reader who has scrolled further than this reads older logs; new ones must not move them. */
const TOP_PX = 40;

const LIVE_STATES: Record<LiveState, string> = {
  off: "",
  connecting: "Connecting …",
  live: "New logs appear as they are written.",
  polling: "No live connection; the list is loaded again every few seconds.",
};

export function LogsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const scroller = useRef<HTMLDivElement>(null);
  const [isFollowing, setIsFollowing] = useState(false);
  const [isExporting, setIsExporting] = useState(false);
  /** The number of new logs that are shown while older ones are read; null at the top, where all are. */
  const [shownLive, setShownLive] = useState<number | null>(null);
  const filters = withoutRun(search);
  const list = useLogs(search);
  const key = JSON.stringify(filters);

  const loadNewest = useCallback(() => {
    if ((scroller.current?.scrollTop ?? 0) > TOP_PX) return;
    const queryKey = ["logs", "list", JSON.parse(key) as LogFilters];
    // Only the first page is loaded again, not everything that was scrolled through.
    client.setQueryData<InfiniteData<LogPage>>(
      queryKey,
      (before) => before && { pages: before.pages.slice(0, 1), pageParams: before.pageParams.slice(0, 1) },
    );
    void client.invalidateQueries({ queryKey });
  }, [client, key]);

  const isEnded = filters.to !== undefined;
  const live = useLiveLogs({ filters, isEnabled: isFollowing && !isEnded, onMissed: loadNewest });
  const pages = list.data?.pages;
  const logs = useMemo(() => {
    const fresh = shownLive === null ? live.logs : live.logs.slice(Math.max(0, live.logs.length - shownLive));
    return mergeLogs(fresh, pages ?? []);
  }, [live.logs, pages, shownLive]);
  const hidden = shownLive === null ? 0 : Math.max(0, live.logs.length - shownLive);

  const toTop = () => {
    if (scroller.current !== null) scroller.current.scrollTop = 0;
    setShownLive(null);
  };
  const change = (next: Record<string, unknown>) => {
    toTop();
    void navigate({
      search: (before) => changeLogFilter(before, { ...next, run: undefined }),
      replace: true,
      resetScroll: false,
    });
  };
  // A page that is being loaded is not asked for a second time.
  const loadMore = () => void list.fetchNextPage({ cancelRefetch: false });
  const last = pages?.at(-1);
  const opened = logs.find(({ log_id }) => log_id === search.run);

  return (
    <>
      <PageHeader
        title="Logs"
        description="What every call did, newest first."
        docs={DOCS.logs}
        actions={
          <>
            <Switch
              label="Live"
              checked={isFollowing && !isEnded}
              disabled={isEnded}
              onChange={(event) => {
                setIsFollowing(event.currentTarget.checked);
                toTop();
              }}
            />
            <SavedViews
              filters={filters}
              onOpen={(view) => {
                toTop();
                void navigate({ search: view, resetScroll: false });
              }}
            />
            <Button
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
              onClick={() => setIsExporting(true)}
            >
              Export
            </Button>
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
              loading={list.isRefetching}
              onClick={() => {
                toTop();
                loadNewest();
              }}
            >
              Refresh
            </Button>
          </>
        }
      />
      <LogFilterBar filters={filters} onChange={change} />
      {list.isPending ? (
        <Group justify="center" py="xl">
          <Loader aria-label="Loading logs" />
        </Group>
      ) : list.data === undefined || (list.isError && !list.isFetchNextPageError) ? (
        <ErrorState title="Could not load logs" error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <Stack gap="sm">
          {/* Also above an empty list: with the live tail, the first log appears there. */}
          <Group justify="space-between" mih={30}>
            <Text size="sm" c="dimmed" aria-live="polite">
              {logs.length === 0 ? "" : countOf(pages?.[0])} {LIVE_STATES[live.state]}
            </Text>
            {hidden > 0 && (
              <Button size="xs" leftSection={<IconArrowUp size={14} aria-hidden />} onClick={toTop}>
                {hidden === 1 ? "1 new log" : `${hidden} new logs`}
              </Button>
            )}
          </Group>
          {logs.length === 0 && last?.next == null && <NoLogs isFiltered={countFilters(filters) > 0} />}
          {logs.length > 0 && (
            <LogTable
              logs={logs}
              scroller={scroller}
              search={search}
              canLoadMore={list.hasNextPage && last?.complete === true && !list.isFetchNextPageError}
              isLoadingMore={list.isFetchingNextPage}
              onLoadMore={loadMore}
              onScroll={(top) => {
                if (top <= TOP_PX) setShownLive(null);
                else setShownLive((before) => before ?? live.logs.length);
              }}
            />
          )}
          {list.isFetchNextPageError && (
            <ErrorState title="Could not load older logs" error={list.error} onRetry={loadMore} />
          )}
          {last?.complete === false && (
            <SearchedPart page={last} isLoading={list.isFetchingNextPage} onContinue={loadMore} />
          )}
        </Stack>
      )}
      <ExportDialog
        filters={filters}
        count={countOf(pages?.[0])}
        opened={isExporting}
        onClose={() => setIsExporting(false)}
      />
      <LogDrawer
        id={search.run ?? null}
        isRaw={opened !== undefined && isRawRequest(opened)}
        onClose={() =>
          void navigate({ search: (before) => withoutRun(before), replace: true, resetScroll: false })
        }
      />
    </>
  );
}

/** Returns how many logs match, as far as the server counted. */
function countOf(first: LogPage | undefined): string {
  if (first === undefined) return "";
  const { total, total_at_least: atLeast, complete } = first;
  if (total === 1) return "1 log.";
  if (total !== null) return `${total.toLocaleString("en")} logs.`;
  return complete ? `More than ${atLeast.toLocaleString("en")} logs.` : "";
}

const NoLogs = ({ isFiltered }: { isFiltered: boolean }) =>
  isFiltered ? (
    <EmptyState title="No matching logs">
      No log matches the filters.{" "}
      <Anchor component={Link} to="/logs" search={{} as never}>
        Clear filters
      </Anchor>
    </EmptyState>
  ) : (
    <EmptyState
      title="No logs yet"
      action={
        <Button component={Link} to="/run">
          Run an action
        </Button>
      }
    >
      Every run of an action and every raw request appears here a second after its call.
    </EmptyState>
  );

interface PartProps {
  page: LogPage;
  isLoading: boolean;
  onContinue: () => void;
}

/** A search ends after two seconds; the reader decides whether it goes on. */
const SearchedPart = ({ page, isLoading, onContinue }: PartProps) => (
  <Alert color="yellow" title="Not everything was searched yet">
    <Stack gap="xs" align="flex-start">
      <Text size="sm">
        There are many logs.{" "}
        {page.searched_from !== null && (
          <>
            Everything since <Timestamp at={page.searched_from} inherit /> was searched.
          </>
        )}{" "}
        A shorter time or another filter makes the search quicker.
      </Text>
      {page.next !== null && (
        <Button size="xs" variant="default" loading={isLoading} onClick={onContinue}>
          Search further back
        </Button>
      )}
    </Stack>
  </Alert>
);
