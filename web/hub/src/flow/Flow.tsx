/** The way through the Hub: what the session allows, then the picker, then one connector. */

import { asFailure } from "@patchbay/web-shared/failure.ts";
import { useCallback, useState } from "react";
import type { HubApi } from "../api/hubApi.ts";
import type { Catalog, Integration, Settings, StoredAccount } from "../api/types.ts";
import { useHub } from "../hub.ts";
import { Loading } from "../screens/Loading.tsx";
import { Ended, LoadFailed, NoSuchAccount, NothingConfigured, Unavailable } from "../screens/messages.tsx";
import { Picker } from "../screens/Picker.tsx";
import { useLoad } from "../ui/useLoad.ts";
import { Connect } from "./Connect.tsx";

interface Start {
  settings: Settings;
  catalog: Catalog;
  /** The account to edit. */
  account: StoredAccount | "missing" | null;
}

/** The account must be known before the catalog is asked for: it decides which connector is shown. */
async function load(api: HubApi, accountId: string | null, signal: AbortSignal): Promise<Start> {
  const settings = await api.settings(signal);
  const id = accountId ?? settings.existing_account_id ?? null;
  if (id === null) return { settings, account: null, catalog: await api.catalog(null, signal) };
  const none: Catalog = { integrations: [], externalTriggerToken: null };
  try {
    const account = await api.account(id, signal);
    return { settings, account, catalog: await api.catalog(account.provider, signal) };
  } catch (error) {
    if (asFailure(error).status === 404) return { settings, account: "missing", catalog: none };
    throw error;
  }
}

export function Flow({ accountId }: { accountId: string | null }) {
  const { api } = useHub();
  const [loaded, retry] = useLoad(
    useCallback((signal: AbortSignal) => load(api, accountId, signal), [api, accountId]),
  );
  if (loaded.state === "loading") return <Loading />;
  if (loaded.state === "failed") {
    return loaded.failure.unauthorized ? <Ended /> : <LoadFailed failure={loaded.failure} onRetry={retry} />;
  }
  const { account, catalog, settings } = loaded.data;
  if (account === "missing") return <NoSuchAccount />;
  if (account) return <Edit account={account} catalog={catalog} />;
  return <Choose catalog={catalog} ownerName={settings.session?.owner_name ?? null} />;
}

/** The profile that the account was linked with; else one of the same connector. */
function integrationOf(account: StoredAccount, { integrations }: Catalog): Integration | undefined {
  const same = integrations.filter((found) => found.provider === account.provider);
  return same.find((found) => found.integration_id === account.integrationId) ?? same[0];
}

function Edit({ account, catalog }: { account: StoredAccount; catalog: Catalog }) {
  const integration = integrationOf(account, catalog);
  if (!integration?.active) {
    const name = integration?.name ?? account.provider;
    return (
      <Unavailable
        name={name}
        message="Its connector profile is switched off or was removed."
        onBack={null}
      />
    );
  }
  return <Connect integration={integration} account={account} catalog={catalog} onBack={null} />;
}

function Choose({ catalog, ownerName }: { catalog: Catalog; ownerName: string | null }) {
  const { host } = useHub();
  const active = catalog.integrations.filter((found) => found.active);
  const only = active.length === 1 ? active[0] : undefined;
  const [picked, setPicked] = useState<Integration | null>(null);
  const integration = only ?? picked;

  if (integration) {
    return (
      <Connect
        key={integration.integration_id}
        integration={integration}
        account={null}
        catalog={catalog}
        onBack={only ? null : () => setPicked(null)}
      />
    );
  }
  if (active.length === 0) return <NothingConfigured />;
  const footer = host.present && (
    <div className="form-actions">
      <button type="button" className="button" onClick={() => host.cancel()}>
        Cancel
      </button>
    </div>
  );
  return <Picker integrations={active} ownerName={ownerName} onPick={setPicked} footer={footer} />;
}
