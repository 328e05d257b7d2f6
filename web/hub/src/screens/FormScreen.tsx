/**
 * The form and its guide. Side by side where there is room, else behind two tabs; both stay mounted, so
 * that nothing typed is lost when the reader looks something up.
 */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import { type FormEvent, useEffect, useState } from "react";
import type { Credentials } from "../api/hubApi.ts";
import type { Config, Integration } from "../api/types.ts";
import { signsIn } from "../flow/useConnect.ts";
import { FailureAlert } from "../form/FailureAlert.tsx";
import { FieldList } from "../form/FieldList.tsx";
import { controlId } from "../form/FieldRow.tsx";
import { fieldOfPath, payloadOf } from "../form/model.ts";
import { SandboxCard } from "../form/SandboxCard.tsx";
import type { Form } from "../form/useForm.ts";
import { GuidePanel } from "../guide/GuidePanel.tsx";
import { type Highlight, stepOf } from "../guide/steps.ts";
import { useHub } from "../hub.ts";
import { Alert } from "../ui/Alert.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Screen } from "../ui/Screen.tsx";
import { type Tab, Tabs, tabPanel } from "../ui/Tabs.tsx";
import { useMediaQuery } from "../ui/useMediaQuery.ts";

interface Props {
  config: Config;
  integration: Integration;
  edited: boolean;
  form: Form;
  failure: ApiFailure | null;
  timedOut: boolean;
  onConnect: (credentials: Credentials) => void;
  onBack: (() => void) | null;
}

const TABS: Tab[] = [
  { key: "form", label: "Credentials" },
  { key: "guide", label: "Guide" },
];

export function FormScreen(props: Props) {
  const { config, integration, edited, form, failure, timedOut, onConnect, onBack } = props;
  const { host } = useHub();
  const { guide } = config;
  const roomy = useMediaQuery("(min-width: 860px)");
  const [tab, setTab] = useState("form");
  const [guideShown, setGuideShown] = useState(true);
  const [highlight, setHighlight] = useState<Highlight | null>(null);
  // A field to focus once its tab is there to be seen.
  const [sought, setSought] = useState<{ key: string } | null>(null);

  const tabbed = guide !== null && !roomy;
  const beside = guide !== null && roomy && guideShown;

  useEffect(() => {
    if (sought) document.getElementById(controlId(sought.key))?.focus();
  }, [sought]);

  const refuse = form.refuse;
  const fields = config.configFields;
  useEffect(() => {
    const named = (failure?.problems ?? []).flatMap(({ path, message }) => {
      const key = fieldOfPath(path, fields);
      return key === null ? [] : [[key, message] as const];
    });
    if (named.length > 0) refuse(Object.fromEntries(named));
  }, [failure, fields, refuse]);

  const toField = (key: string): void => {
    setTab("form");
    setSought({ key });
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const result = form.submit();
    if ("invalid" in result) toField(result.invalid);
    else onConnect(result.payload);
  };

  const whereIs = (key: string): (() => void) | null => {
    const step = stepOf(guide, key);
    if (step === null) return null;
    return () => {
      setGuideShown(true);
      setTab("guide");
      setHighlight({ step });
    };
  };

  const title = edited ? `Edit ${config.name}` : `Connect ${config.name}`;
  return (
    <Screen
      title={title}
      subtitle={integration.authentication_config_label ?? undefined}
      logo={{ name: config.name, url: config.icon ?? integration.logo_url }}
      wide={beside}
      lead={
        onBack && (
          <button type="button" className="icon-button" aria-label="Back to the list" onClick={onBack}>
            <Icon name="back" />
          </button>
        )
      }
      tools={<GuideTools config={config} hidden={roomy && !guideShown} onShow={() => setGuideShown(true)} />}
    >
      {tabbed && <Tabs tabs={TABS} current={tab} onChange={setTab} label={title} />}
      <div className={beside ? "columns" : "column"}>
        <div {...(tabbed ? tabPanel("form", tab) : {})}>
          <form className="form" noValidate onSubmit={submit} aria-label={title}>
            {failure && (
              <FailureAlert
                name={config.name}
                failure={failure}
                edited={edited}
                onRetry={() => onConnect(payloadOf(fields, form.values))}
              />
            )}
            {timedOut && (
              <Alert tone="warning" title="Connection timed out">
                <p>Nobody finished signing in at {config.name} within five minutes. Try again.</p>
              </Alert>
            )}
            {config.sandbox && (
              <SandboxCard
                name={config.name}
                credentials={config.sandbox.credentials}
                fields={fields}
                edited={edited}
                onFill={() => form.set(config.sandbox?.credentials ?? {})}
              />
            )}
            <FieldList form={form} notices={config.configNotices} whereIs={whereIs} />
            {form.shown.length === 0 && <NothingToType config={config} edited={edited} />}
            <div className="form-actions">
              {host.present && (
                <button type="button" className="button" onClick={() => host.cancel()}>
                  Cancel
                </button>
              )}
              <button type="submit" className="button button-primary button-wide">
                {edited ? "Save" : "Connect"}
              </button>
            </div>
          </form>
        </div>
        {guide && (
          <div className="guide-pane" {...(tabbed ? tabPanel("guide", tab) : { hidden: !beside })}>
            <GuidePanel
              guide={guide}
              fields={form.shown}
              highlight={highlight}
              onField={toField}
              onHide={roomy ? () => setGuideShown(false) : null}
            />
          </div>
        )}
      </div>
    </Screen>
  );
}

/** Brings a hidden guide back; where there is only a link to one, leads there. */
function GuideTools({ config, hidden, onShow }: { config: Config; hidden: boolean; onShow: () => void }) {
  if (config.guide) {
    if (!hidden) return null;
    return (
      <button type="button" className="chip-button" onClick={onShow}>
        <Icon name="guide" size={16} /> Show the guide
      </button>
    );
  }
  if (!config.support?.link) return null;
  return (
    <a className="chip-button" href={config.support.link} target="_blank" rel="noopener noreferrer">
      <Icon name="guide" size={16} /> Connection guide
    </a>
  );
}

function NothingToType({ config, edited }: { config: Config; edited: boolean }) {
  return (
    <div className="form-empty">
      <p>
        Nothing to fill in: press “{edited ? "Save" : "Connect"}” to go on.
        {signsIn(config) && ` A window of ${config.name} opens, where you sign in.`}
      </p>
    </div>
  );
}
