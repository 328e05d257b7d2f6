/** The filters above the list of logs. */

import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useConnectors } from "../../api/connectors.ts";
import { useLogValues } from "../../api/logs.ts";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { AccountPicker } from "../runner/AccountPicker.tsx";
import { countFilters, type LogFilters, PERIODS, toLocalField } from "./filters.ts";
import { sourceLabel } from "./source.ts";

/** Pause in typing after which the search runs. */
const SEARCH_DELAY_MS = 250;
/** A choice of the select, not a period of the address. */
const CUSTOM = "custom";

interface Props {
  filters: LogFilters;
  onChange: (change: Partial<Record<keyof LogFilters, string | null>>) => void;
}

type Option = { value: string; label: string };

/** Adds the chosen value to the options if no log of the time has it. */
const withChosen = (options: Option[], chosen: string | undefined): Option[] =>
  chosen === undefined || options.some(({ value }) => value === chosen)
    ? options
    : [...options, { value: chosen, label: chosen }];

export function LogFilterBar({ filters, onChange }: Props) {
  const isPhone = useIsPhone();
  const [isOpen, setIsOpen] = useState(false);
  const [typed, setTyped] = useState(filters.q ?? "");
  const search = useDebouncedCallback((q: string) => onChange({ q }), SEARCH_DELAY_MS);
  // Links and the button that clears the filters change the address.
  useEffect(() => setTyped(filters.q ?? ""), [filters.q]);
  const count = countFilters(filters);
  return (
    <Stack gap="sm" mb="md">
      <Group gap="sm" align="flex-end">
        <SearchInput
          label="Search"
          placeholder="Error message, URL or ID"
          value={typed}
          onSearch={(text) => {
            setTyped(text);
            search(text);
          }}
          style={{ flex: "1 1 220px" }}
        />
        {isPhone && (
          <Button
            variant="default"
            leftSection={<IconFilter size={16} aria-hidden />}
            aria-expanded={isOpen}
            onClick={() => setIsOpen(!isOpen)}
          >
            {count === 0 ? "Filters" : `Filters (${count})`}
          </Button>
        )}
        {(!isPhone || isOpen) && <Filters filters={filters} onChange={onChange} />}
      </Group>
    </Stack>
  );
}

function Filters({ filters, onChange }: Props) {
  const values = useLogValues(filters);
  const connectors = useConnectors();
  const isTimed = filters.from !== undefined || filters.to !== undefined;
  const [isCustom, setIsCustom] = useState(isTimed);
  const showsFields = filters.period === undefined && (isCustom || isTimed);
  const seen = (name: string): string[] => (values.data?.[name] ?? []).map(({ value }) => value);
  const options = (name: string, chosen: string | undefined, label = (value: string) => value): Option[] =>
    withChosen(
      seen(name).map((value) => ({ value, label: label(value) })),
      chosen,
    );
  const connectorName = (key: string): string =>
    connectors.data?.find(({ provider }) => provider === key)?.provider_name ?? key;
  return (
    <>
      <Select
        label="Time"
        placeholder="Any"
        clearable
        w={150}
        data={[
          ...Object.entries(PERIODS).map(([value, { label }]) => ({ value, label })),
          { value: CUSTOM, label: "From and to" },
        ]}
        value={filters.period ?? (showsFields ? CUSTOM : null)}
        onChange={(value) => {
          setIsCustom(value === CUSTOM);
          onChange(value === CUSTOM ? { period: null } : { period: value, from: null, to: null });
        }}
      />
      {showsFields && (
        <>
          <MomentInput label="From" at={filters.from} onPick={(from) => onChange({ from })} />
          <MomentInput label="To" at={filters.to} onPick={(to) => onChange({ to })} />
        </>
      )}
      <Select
        label="Result"
        placeholder="All"
        clearable
        searchable
        w={140}
        data={[
          { value: "success", label: "Succeeded" },
          { value: "failure", label: "Failed" },
          ...withChosen(
            seen("status_code").map((value) => ({ value, label: `Status ${value}` })),
            /^\d/.test(filters.result ?? "") ? filters.result : undefined,
          ),
        ]}
        value={filters.result ?? null}
        onChange={(result) => onChange({ result })}
      />
      <Select
        label="Connector"
        placeholder="All"
        clearable
        searchable
        w={160}
        data={options("connector_key", filters.connector, connectorName)}
        value={filters.connector ?? null}
        onChange={(connector) => onChange({ connector })}
      />
      <Select
        label="Action"
        placeholder="All"
        clearable
        searchable
        w={240}
        nothingFoundMessage="No matching actions"
        data={options("action_id", filters.action)}
        value={filters.action ?? null}
        onChange={(action) => onChange({ action })}
      />
      <div style={{ width: 220 }}>
        <AccountPicker
          account={filters.account}
          connector={filters.connector}
          placeholder="All"
          isClearable
          onChoose={(account) => onChange({ account })}
        />
      </div>
      <Select
        label="Kind"
        placeholder="All"
        clearable
        w={140}
        data={[
          { value: "action", label: "Actions" },
          { value: "unified", label: "Raw requests" },
        ]}
        value={filters.kind ?? null}
        onChange={(kind) => onChange({ kind })}
      />
      <Select
        label="Source"
        placeholder="All"
        clearable
        w={150}
        data={options("source_type", filters.source, sourceLabel)}
        value={filters.source ?? null}
        onChange={(source) => onChange({ source })}
      />
    </>
  );
}

/** Returns the moment of a field's local date and time; null while a part is missing. */
function momentOf(typed: string): string | null {
  const date = new Date(typed);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

interface MomentProps {
  label: string;
  at: string | undefined;
  onPick: (at: string | null) => void;
}

/** A field for a date and a time of the reader. While a part is missing, its value is empty. */
function MomentInput({ label, at, onPick }: MomentProps) {
  const [value, setValue] = useState(toLocalField(at));
  // The address may change from elsewhere; what is being typed stays.
  useEffect(() => setValue((typed) => (momentOf(typed) === (at ?? null) ? typed : toLocalField(at))), [at]);
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={value}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setValue(typed);
        onPick(momentOf(typed));
      }}
    />
  );
}
