/** Chooses a linked account. The server searches: there may be far more than one page of them. */

import { Loader, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { accountName, useAccount, useAccounts } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";

interface Props {
  account: string | undefined;
  /** Only accounts of this connector. */
  connector: string | undefined;
  onChoose: (id: string | null) => void;
}

const optionOf = (one: Pick<Account, "id" | "label" | "owner_name" | "connector" | "connector_name">) => ({
  value: one.id,
  label: `${accountName(one)} · ${one.connector_name ?? one.connector}`,
});

export function AccountPicker({ account, connector, onChoose }: Props) {
  const [typed, setTyped] = useState("");
  const [words] = useDebouncedValue(typed, 200);
  const chosen = useAccount(account ?? "");
  const own = account === undefined || !chosen.data ? undefined : optionOf(chosen.data);
  // The field shows the chosen account's name, which is not a search.
  const accounts = useAccounts({
    ...(connector === undefined ? {} : { connector }),
    ...(words.trim() === "" || words === own?.label ? {} : { search: words }),
  });
  const options = (accounts.data?.data ?? []).map(optionOf);
  if (account !== undefined && !options.some(({ value }) => value === account))
    options.push(own ?? { value: account, label: account });
  return (
    <Select
      label="Account"
      placeholder="Choose an account"
      searchable
      nothingFoundMessage="No account has these words"
      rightSection={accounts.isFetching ? <Loader size="xs" /> : undefined}
      data={options}
      // What the server found is shown as it is; it also knows owners' ids, which no label has.
      filter={({ options: found }) => found}
      onSearchChange={setTyped}
      value={account ?? null}
      onChange={onChoose}
    />
  );
}
