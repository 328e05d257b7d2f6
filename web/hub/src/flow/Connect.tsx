/** Linking through one connector profile: loads its form, then shows what the stage asks for. */

import { useCallback, useEffect } from "react";
import type { Catalog, Config, Integration, StoredAccount } from "../api/types.ts";
import { useForm } from "../form/useForm.ts";
import { useHub } from "../hub.ts";
import { FormScreen } from "../screens/FormScreen.tsx";
import { Loading } from "../screens/Loading.tsx";
import { LoadFailed, Unavailable } from "../screens/messages.tsx";
import { SignIn } from "../screens/SignIn.tsx";
import { Success } from "../screens/Success.tsx";
import { Waiting } from "../screens/Waiting.tsx";
import { useLoad } from "../ui/useLoad.ts";
import { useConnect } from "./useConnect.ts";

interface Props {
  integration: Integration;
  account: StoredAccount | null;
  catalog: Catalog;
  /** Back to the picker; null when there is nothing else to pick. */
  onBack: (() => void) | null;
}

export function Connect(props: Props) {
  const { api } = useHub();
  const { integration_id: id, name } = props.integration;
  const [loaded, retry] = useLoad(useCallback((signal: AbortSignal) => api.config(id, signal), [api, id]));

  if (loaded.state === "loading") return <Loading />;
  if (loaded.state === "ready") return <Linking {...props} config={loaded.data} />;
  const { failure } = loaded;
  if (failure.unauthorized) return <EndSession />;
  if (failure.status === 412)
    return <Unavailable name={name} message={failure.message} onBack={props.onBack} />;
  return <LoadFailed failure={failure} onRetry={retry} />;
}

/** Tells the whole page that the session is over. */
function EndSession() {
  const { onEnded } = useHub();
  useEffect(onEnded, [onEnded]);
  return <Loading />;
}

function Linking({ integration, account, catalog, config, onBack }: Props & { config: Config }) {
  const { provider, integration_id: integrationId } = integration;
  const form = useForm(config, account, catalog.externalTriggerToken);
  const { stage, connect, cancel } = useConnect({ config, integrationId, provider, account });

  switch (stage.kind) {
    case "connecting":
      return (
        <Waiting
          title={account ? "Saving your changes" : `Connecting to ${config.name}`}
          slow={`${config.name} is taking longer than usual to answer. You can wait, or cancel and try again later.`}
          onCancel={cancel}
        >
          <p>Trying the credentials at {config.name}. This takes a moment.</p>
        </Waiting>
      );
    case "signing-in":
      return <SignIn name={config.name} url={stage.url} onCancel={cancel} />;
    case "done":
      return <Success name={config.name} edited={account !== null} />;
    case "unavailable":
      return <Unavailable name={config.name} message={stage.message} onBack={onBack} />;
    default:
      return (
        <FormScreen
          config={config}
          integration={integration}
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
