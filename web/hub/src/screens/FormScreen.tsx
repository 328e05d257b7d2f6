/**
 * The form and its guide: side by side on wide screens, otherwise in two tabs. Both stay mounted, so that the form
 * keeps its values.
 */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import { type FormEvent, useEffect, useState } from "react";
import type { Credentials } from "../api/hubApi.ts";
import type { Config, Integration } from "../api/types.ts";
import { usesOAuth } from "../flow/useConnect.ts";
import { FailureAlert } from "../form/FailureAlert.tsx";
import { FieldList } from "../form/FieldList.tsx";
import { controlId } from "../form/FieldRow.tsx";
import { credentialsToSend, fieldKeyFromPath } from "../form/formModel.ts";
import { SandboxCard } from "../form/SandboxCard.tsx";
import type { FormState } from "../form/useForm.ts";
import { GuidePanel } from "../guide/GuidePanel.tsx";
import { type Highlight, stepForField } from "../guide/guideSteps.ts";
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
  form: FormState;
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
  const isWide = useMediaQuery("(min-width: 860px)");
  const [tab, setTab] = useState("form");
  const [guideShown, setGuideShown] = useState(true);
  const [highlight, setHighlight] = useState<Highlight | null>(null);
  // The field to focus after its tab is visible.
  const [focusedField, setFocusedField] = useState<{ key: string } | null>(null);

  const isTabbed = guide !== null && !isWide;
  const isSideBySide = guide !== null && isWide && guideShown;

  useEffect(() => {
    if (focusedField) document.getElementById(controlId(focusedField.key))?.focus();
  }, [focusedField]);

  const { setServerProblems } = form;
  const fields = config.configFields;
  useEffect(() => {
    const fieldProblems = (failure?.problems ?? []).flatMap(({ path, message }) => {
      const key = fieldKeyFromPath(path, fields);
      return key === null ? [] : [[key, message] as const];
    });
    if (fieldProblems.length > 0) setServerProblems(Object.fromEntries(fieldProblems));
  }, [failure, fields, setServerProblems]);

  const goToField = (key: string): void => {
    setTab("form");
    setFocusedField({ key });
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const result = form.submit();
    if ("invalid" in result) goToField(result.invalid);
    else onConnect(result.credentials);
  };

  const guideLinkFor = (key: string): (() => void) | null => {
    const step = stepForField(guide, key);
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
      wide={isSideBySide}
      leading={
        onBack && (
          <button type="button" className="icon-button" aria-label="Back to connectors" onClick={onBack}>
            <Icon name="back" />
          </button>
        )
      }
      tools={<GuideTools config={config} hidden={isWide && !guideShown} onShow={() => setGuideShown(true)} />}
    >
      {isTabbed && <Tabs tabs={TABS} current={tab} onChange={setTab} label={title} />}
      <div className={isSideBySide ? "columns" : "column"}>
        <div {...(isTabbed ? tabPanel("form", tab) : {})}>
          <form className="form" noValidate onSubmit={submit} aria-label={title}>
            {failure && (
              <FailureAlert
                name={config.name}
                failure={failure}
                edited={edited}
                onRetry={() => onConnect(credentialsToSend(fields, form.values))}
              />
            )}
            {timedOut && (
              <Alert tone="warning" title="Authorization timed out">
                <p>The authorization at {config.name} was not completed within five minutes. Try again.</p>
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
            <FieldList form={form} notices={config.configNotices} guideLinkFor={guideLinkFor} />
            {form.shown.length === 0 && <NoFieldsNotice config={config} edited={edited} />}
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
          <div className="guide-pane" {...(isTabbed ? tabPanel("guide", tab) : { hidden: !isSideBySide })}>
            <GuidePanel
              guide={guide}
              fields={form.shown}
              highlight={highlight}
              onField={goToField}
              onHide={isWide ? () => setGuideShown(false) : null}
            />
          </div>
        )}
      </div>
    </Screen>
  );
}

/** A button that shows a hidden guide, or a link if the connector has only a link to a guide. */
function GuideTools({ config, hidden, onShow }: { config: Config; hidden: boolean; onShow: () => void }) {
  if (config.guide) {
    if (!hidden) return null;
    return (
      <button type="button" className="chip-button" onClick={onShow}>
        <Icon name="guide" size={16} /> Show guide
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

function NoFieldsNotice({ config, edited }: { config: Config; edited: boolean }) {
  return (
    <div className="form-empty">
      <p>
        There is nothing to fill in. Choose “{edited ? "Save" : "Connect"}” to continue.
        {usesOAuth(config) && ` A window opens where you authorize access at ${config.name}.`}
      </p>
    </div>
  );
}
