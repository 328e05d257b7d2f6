/** Chooses a linked account. The server searches, since there may be many pages of accounts. */

import { Loader, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { accountName, useAccount, useAccounts } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";

/** Pause in typing after which the search runs. */
const SEARCH_DELAY_MS = 200;

interface Props {
  account: string | undefined;
  /** Only accounts of this connector. */
  connector: string | undefined;
  placeholder?: string;
  isClearable?: boolean;
  onChoose: (id: string | null) => void;
}

type NamedAccount = Pick<Account, "id" | "label" | "owner_name" | "connector" | "connector_name">;

const optionOf = (account: NamedAccount) => ({
  value: account.id,
  label: `${accountName(account)} · ${account.connector_name ?? account.connector}`,
});

export function AccountPicker({
  account,
  connector,
  placeholder = "Choose an account",
  isClearable = false,
  onChoose,
}: Props) {
  const [typed, setTyped] = useState("");
  const [query] = useDebouncedValue(typed, SEARCH_DELAY_MS);
  const chosen = useAccount(account ?? "");
  const chosenOption = account === undefined || !chosen.data ? undefined : optionOf(chosen.data);
  // The field shows the name of the chosen account, which is not a search query.
  const accounts = useAccounts({
    ...(connector === undefined ? {} : { connector }),
    ...(query.trim() === "" || query === chosenOption?.label ? {} : { search: query }),
  });
  const options = (accounts.data?.data ?? []).map(optionOf);
  if (account !== undefined && !options.some(({ value }) => value === account))
    options.push(chosenOption ?? { value: account, label: account });
  return (
    <Select
      label="Account"
      placeholder={placeholder}
      clearable={isClearable}
      searchable
      nothingFoundMessage="No matching accounts"
      rightSection={accounts.isFetching ? <Loader size="xs" /> : undefined}
      data={options}
      // Shows all results of the server, which also searches owner IDs that are not in the labels.
      filter={({ options: found }) => found}
      onSearchChange={setTyped}
      value={account ?? null}
      onChange={onChoose}
    />
  );
}
