/** The steps of the Hub: load the session, choose a connector, then connect. */

import { asFailure } from "@patchbay/web-shared/failure.ts";
import { useCallback, useState } from "react";
import type { HubApi } from "../api/hubApi.ts";
import type { Catalog, ConnectorProfile, Settings, StoredAccount } from "../api/types.ts";
import type { Host } from "../host.ts";
import { useHub } from "../hub.ts";
import { LoadingScreen } from "../screens/LoadingScreen.tsx";
import {
  AccountNotFoundScreen,
  ConnectorUnavailableScreen,
  LinkUsedScreen,
  LoadFailedScreen,
  NoConnectorsScreen,
  SessionExpiredScreen,
} from "../screens/messageScreens.tsx";
import { PickerScreen } from "../screens/PickerScreen.tsx";
import { useAsync } from "../ui/useAsync.ts";
import { ConnectFlow } from "./ConnectFlow.tsx";

interface SessionData {
  settings: Settings;
  catalog: Catalog;
  /** The account to edit. */
  account: StoredAccount | "missing" | null;
}

/** Loads the session. The account is loaded before the catalog, because it determines the connector. */
async function loadSession(
  api: HubApi,
  host: Host,
  accountId: string | null,
  signal: AbortSignal,
): Promise<SessionData> {
  const settings = await api.settings(signal);
  host.allow(settings.allowed_origins ?? []);
  const emptyCatalog: Catalog = { profiles: [], externalTriggerToken: null };
  // Nothing else is shown then.
  if (settings.session?.used) return { settings, account: null, catalog: emptyCatalog };
  const id = accountId ?? settings.existing_account_id ?? null;
  if (id === null) return { settings, account: null, catalog: await api.catalog(null, signal) };
  try {
    const account = await api.account(id, signal);
    return { settings, account, catalog: await api.catalog(account.provider, signal) };
  } catch (error) {
    if (asFailure(error).status === 404) return { settings, account: "missing", catalog: emptyCatalog };
    throw error;
  }
}

export function HubFlow({ accountId }: { accountId: string | null }) {
  const { api, host } = useHub();
  const [loaded, retry] = useAsync(
    useCallback((signal: AbortSignal) => loadSession(api, host, accountId, signal), [api, host, accountId]),
  );
  if (loaded.state === "loading") return <LoadingScreen />;
  if (loaded.state === "failed") {
    return loaded.failure.unauthorized ? (
      <SessionExpiredScreen />
    ) : (
      <LoadFailedScreen failure={loaded.failure} onRetry={retry} />
    );
  }
  const { account, catalog, settings } = loaded.data;
  if (settings.session?.used) return <LinkUsedScreen />;
  if (account === "missing") return <AccountNotFoundScreen />;
  if (account) return <EditAccount account={account} catalog={catalog} />;
  return <ChooseConnector catalog={catalog} ownerName={settings.session?.owner_name ?? null} />;
}

/** Returns the profile that the account was linked with, otherwise another one of its connector. */
function profileOf(account: StoredAccount, { profiles }: Catalog): ConnectorProfile | undefined {
  const candidates = profiles.filter(({ provider }) => provider === account.provider);
  return candidates.find(({ integration_id: id }) => id === account.integrationId) ?? candidates[0];
}

function EditAccount({ account, catalog }: { account: StoredAccount; catalog: Catalog }) {
  const profile = profileOf(account, catalog);
  if (!profile?.active) {
    const name = profile?.name ?? account.provider;
    return (
      <ConnectorUnavailableScreen
        name={name}
        message="Its connector profile is disabled or was deleted."
        onBack={null}
      />
    );
  }
  return <ConnectFlow profile={profile} account={account} catalog={catalog} onBack={null} />;
}

function ChooseConnector({ catalog, ownerName }: { catalog: Catalog; ownerName: string | null }) {
  const { host } = useHub();
  const active = catalog.profiles.filter((found) => found.active);
  const only = active.length === 1 ? active[0] : undefined;
  const [picked, setPicked] = useState<ConnectorProfile | null>(null);
  const profile = only ?? picked;

  if (profile) {
    return (
      <ConnectFlow
        key={profile.integration_id}
        profile={profile}
        account={null}
        catalog={catalog}
        onBack={only ? null : () => setPicked(null)}
      />
    );
  }
  if (active.length === 0) return <NoConnectorsScreen />;
  const footer = host.present && (
    <div className="form-actions">
      <button type="button" className="button" onClick={() => host.cancel()}>
        Cancel
      </button>
    </div>
  );
  return <PickerScreen profiles={active} ownerName={ownerName} onPick={setPicked} footer={footer} />;
}
