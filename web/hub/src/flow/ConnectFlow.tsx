/** Links an account through one connector profile: loads its form, then shows the screen of each stage. */

import { useCallback, useEffect } from "react";
import type { Catalog, Connector, ConnectorProfile, StoredAccount } from "../api/types.ts";
import { useForm } from "../form/useForm.ts";
import { useHub } from "../hub.ts";
import { AuthorizeScreen } from "../screens/AuthorizeScreen.tsx";
import { FormScreen } from "../screens/FormScreen.tsx";
import { LoadingScreen } from "../screens/LoadingScreen.tsx";
import { ConnectorUnavailableScreen, LoadFailedScreen } from "../screens/messageScreens.tsx";
import { SuccessScreen } from "../screens/SuccessScreen.tsx";
import { WaitingScreen } from "../screens/WaitingScreen.tsx";
import { useAsync } from "../ui/useAsync.ts";
import { useConnect } from "./useConnect.ts";

interface Props {
  profile: ConnectorProfile;
  account: StoredAccount | null;
  catalog: Catalog;
  /** Goes back to the picker; null if there is only one connector. */
  onBack: (() => void) | null;
}

export function ConnectFlow(props: Props) {
  const { api } = useHub();
  const { integration_id: id, name } = props.profile;
  const [loaded, retry] = useAsync(
    useCallback((signal: AbortSignal) => api.connector(id, signal), [api, id]),
  );

  if (loaded.state === "loading") return <LoadingScreen />;
  if (loaded.state === "ready") return <ConnectStages {...props} connector={loaded.data} />;
  const { failure } = loaded;
  if (failure.unauthorized) return <ReportSessionExpired />;
  if (failure.status === 412)
    return <ConnectorUnavailableScreen name={name} message={failure.message} onBack={props.onBack} />;
  return <LoadFailedScreen failure={failure} onRetry={retry} />;
}

/** Reports to the page that the session has expired. */
function ReportSessionExpired() {
  const { onSessionExpired } = useHub();
  useEffect(onSessionExpired, [onSessionExpired]);
  return <LoadingScreen />;
}

function ConnectStages({ profile, account, catalog, connector, onBack }: Props & { connector: Connector }) {
  const { provider, integration_id: profileId } = profile;
  const form = useForm(connector, account, catalog.externalTriggerToken);
  const { stage, connect, cancel } = useConnect({ connector, profileId, provider, account });

  switch (stage.kind) {
    case "connecting":
      return (
        <WaitingScreen
          title={account ? "Saving your changes" : `Connecting to ${connector.name}`}
          slow={`${connector.name} is taking longer than usual to respond. You can wait, or cancel and try again later.`}
          onCancel={cancel}
        >
          <p>Checking your credentials with {connector.name}. This takes a moment.</p>
        </WaitingScreen>
      );
    case "authorizing":
      return <AuthorizeScreen name={connector.name} url={stage.url} onCancel={cancel} />;
    case "done":
      return <SuccessScreen name={connector.name} edited={account !== null} />;
    case "unavailable":
      return <ConnectorUnavailableScreen name={connector.name} message={stage.message} onBack={onBack} />;
    default:
      return (
        <FormScreen
          connector={connector}
          profile={profile}
          edited={account !== null}
          form={form}
          failure={stage.failure}
          timedOut={stage.timedOut}
          onConnect={connect}
          onBack={onBack}
        />
      );
  }
}
