/** The screens that show only a message: missing token, expired session, no connection, no connectors. */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import type { ReactNode } from "react";
import { useHub } from "../hub.ts";
import { useAnnouncement } from "../ui/Announcer.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Screen } from "../ui/Screen.tsx";

interface MessageProps {
  icon: IconName;
  tone?: "neutral" | "danger" | "success";
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

export function MessageScreen({ icon, tone = "neutral", title, children, actions }: MessageProps) {
  useAnnouncement(title);
  return (
    <Screen
      title={title}
      icon={
        <span className={`status-icon status-icon-${tone}`}>
          <Icon name={icon} size={28} />
        </span>
      }
    >
      <div className="message-text">{children}</div>
      {actions && <div className="message-actions">{actions}</div>}
    </Screen>
  );
}

export function MissingTokenScreen() {
  return (
    <MessageScreen icon="info" title="This link is incomplete">
      <p>
        A part of it is missing. Open the complete link that you received, or ask the person who sent it for a
        new one.
      </p>
    </MessageScreen>
  );
}

/** The button that closes an embedded Hub; not shown on a page of its own. */
function CloseButton() {
  const { host, closeLabel } = useHub();
  if (!host.present) return null;
  return (
    <button type="button" className="button" onClick={() => host.close()}>
      {closeLabel}
    </button>
  );
}

export function SessionExpiredScreen() {
  return (
    <MessageScreen icon="info" title="This link has expired" actions={<CloseButton />}>
      <p>For security, a link to connect an account works only for a limited time. Nothing was changed.</p>
      <p>
        Ask the person who sent you the link for a new one, or start again in the product that opened this
        page.
      </p>
    </MessageScreen>
  );
}

/** Shown if the link has connected an account: it connects only one. */
export function LinkUsedScreen() {
  return (
    <MessageScreen icon="info" title="This link was already used" actions={<CloseButton />}>
      <p>An account was connected with it. For security, a link to connect an account works only once.</p>
      <p>
        To connect another account or to change this one, ask the person who sent you the link for a new one.
      </p>
    </MessageScreen>
  );
}

export function LoadFailedScreen({ failure, onRetry }: { failure: ApiFailure; onRetry: () => void }) {
  return (
    <MessageScreen
      icon="warning"
      tone="danger"
      title={failure.unreachable ? "No connection" : "Could not load this page"}
      actions={
        <>
          <button type="button" className="button button-primary" onClick={onRetry}>
            Try again
          </button>
          <CloseButton />
        </>
      }
    >
      <p>{toSentence(failure.message)}</p>
    </MessageScreen>
  );
}

export function NoConnectorsScreen() {
  return (
    <MessageScreen icon="info" title="Nothing to connect yet" actions={<CloseButton />}>
      <p>
        No connector is enabled for this link. Ask the person who sent it to enable one, then reload this
        page.
      </p>
    </MessageScreen>
  );
}

/** Returns the reason in a message such as "SpotDraft is not available: its profile is disabled". */
const reasonIn = (message: string, name: string): string =>
  message.startsWith(`${name} is `) ? message.slice(message.indexOf(": ") + 1).trim() : message;

/** Shown if the connector profile is disabled, possibly while the form was open. */
export function ConnectorUnavailableScreen({ name, message, onBack }: ConnectorUnavailableProps) {
  return (
    <MessageScreen
      icon="warning"
      title={`${name} is currently unavailable`}
      actions={
        <>
          {onBack && (
            <button type="button" className="button" onClick={onBack}>
              Choose another connector
            </button>
          )}
          <CloseButton />
        </>
      }
    >
      <p>{toSentence(reasonIn(message, name))}</p>
      <p>Nothing was saved. Ask the person who sent you the link when it will be available again.</p>
    </MessageScreen>
  );
}

interface ConnectorUnavailableProps {
  name: string;
  message: string;
  onBack: (() => void) | null;
}

export function AccountNotFoundScreen() {
  return (
    <MessageScreen icon="info" title="This account cannot be edited here" actions={<CloseButton />}>
      <p>
        The account was deleted, or it does not belong to the owner of this link. Ask the person who sent the
        link for a new one.
      </p>
    </MessageScreen>
  );
}

/** Shown after an unexpected error in the page's own code. */
export function UnexpectedErrorScreen({ onRetry }: { onRetry: () => void }) {
  return (
    <MessageScreen
      icon="warning"
      tone="danger"
      title="Something went wrong on this page"
      actions={
        <button type="button" className="button button-primary" onClick={onRetry}>
          Start over
        </button>
      }
    >
      <p>Nothing was saved. If this happens again, contact the person who sent you the link.</p>
    </MessageScreen>
  );
}
