/**
 * The form and its guide: side by side on wide screens, otherwise in two tabs. Both stay mounted, so that the form
 * keeps its values.
 */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import { type FormEvent, useEffect, useState } from "react";
import type { Credentials } from "../api/hubApi.ts";
import type { Connector, ConnectorProfile } from "../api/types.ts";
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
  connector: Connector;
  profile: ConnectorProfile;
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
  const { connector, profile, edited, form, failure, timedOut, onConnect, onBack } = props;
  const { host } = useHub();
  const { guide } = connector;
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
  const fields = connector.configFields;
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

  const title = edited ? `Edit ${connector.name}` : `Connect ${connector.name}`;
  return (
    <Screen
      title={title}
      subtitle={profile.authentication_config_label ?? undefined}
      logo={{ name: connector.name, url: connector.icon ?? profile.logo_url }}
      wide={isSideBySide}
      leading={
        onBack && (
          <button type="button" className="icon-button" aria-label="Back to connectors" onClick={onBack}>
            <Icon name="back" />
          </button>
        )
      }
      tools={
        <GuideTools connector={connector} hidden={isWide && !guideShown} onShow={() => setGuideShown(true)} />
      }
    >
      {isTabbed && <Tabs tabs={TABS} current={tab} onChange={setTab} label={title} />}
      <div className={isSideBySide ? "columns" : "column"}>
        <div {...(isTabbed ? tabPanel("form", tab) : {})}>
          <form className="form" noValidate onSubmit={submit} aria-label={title}>
            {failure && (
              <FailureAlert
                name={connector.name}
                failure={failure}
                edited={edited}
                onRetry={() => onConnect(credentialsToSend(fields, form.values))}
              />
            )}
            {timedOut && (
              <Alert tone="warning" title="Authorization timed out">
                <p>The authorization at {connector.name} was not completed within five minutes. Try again.</p>
              </Alert>
            )}
            {connector.sandbox && (
              <SandboxCard
                name={connector.name}
                credentials={connector.sandbox.credentials}
                fields={fields}
                edited={edited}
                onFill={() => form.set(connector.sandbox?.credentials ?? {})}
              />
            )}
            <FieldList form={form} notices={connector.configNotices} guideLinkFor={guideLinkFor} />
            {form.shown.length === 0 && <NoFieldsNotice connector={connector} edited={edited} />}
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
function GuideTools({
  connector,
  hidden,
  onShow,
}: {
  connector: Connector;
  hidden: boolean;
  onShow: () => void;
}) {
  if (connector.guide) {
    if (!hidden) return null;
    return (
      <button type="button" className="chip-button" onClick={onShow}>
        <Icon name="guide" size={16} /> Show guide
      </button>
    );
  }
  if (!connector.support?.link) return null;
  return (
    <a className="chip-button" href={connector.support.link} target="_blank" rel="noopener noreferrer">
      <Icon name="guide" size={16} /> Connection guide
    </a>
  );
}

function NoFieldsNotice({ connector, edited }: { connector: Connector; edited: boolean }) {
  return (
    <div className="form-empty">
      <p>
        There is nothing to fill in. Click “{edited ? "Save" : "Connect"}” to continue.
        {usesOAuth(connector) && ` A window opens where you authorize access at ${connector.name}.`}
      </p>
    </div>
  );
}
