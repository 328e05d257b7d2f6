/** The screens that say one thing: no token, an ended session, nothing to reach, nothing to link. */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import type { ReactNode } from "react";
import { useHub } from "../hub.ts";
import { useAnnouncement } from "../ui/announcer.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Screen } from "../ui/Screen.tsx";

interface MessageProps {
  icon: IconName;
  tone?: "neutral" | "danger" | "success";
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

export function Message({ icon, tone = "neutral", title, children, actions }: MessageProps) {
  useAnnouncement(title);
  return (
    <Screen
      title={title}
      sign={
        <span className={`sign sign-${tone}`}>
          <Icon name={icon} size={28} />
        </span>
      }
    >
      <div className="message-text">{children}</div>
      {actions && <div className="message-actions">{actions}</div>}
    </Screen>
  );
}

export function NoToken() {
  return (
    <Message icon="info" title="This link is not complete">
      <p>
        It holds no session, so there is nothing to connect yet. Open the link exactly as you received it, or
        ask the person who sent it for a new one.
      </p>
    </Message>
  );
}

/** Lets an embedded Hub be put away; a page of its own needs no such button. */
function HostClose() {
  const { host, closeLabel } = useHub();
  if (!host.present) return null;
  return (
    <button type="button" className="button" onClick={() => host.close()}>
      {closeLabel}
    </button>
  );
}

export function Ended() {
  return (
    <Message icon="info" title="This link has expired" actions={<HostClose />}>
      <p>
        For safety, a link to connect an account works for a limited time, and only exactly as it was given
        out. Nothing was changed.
      </p>
      <p>Ask the person or the product that gave you the link for a new one.</p>
    </Message>
  );
}

export function LoadFailed({ failure, onRetry }: { failure: ApiFailure; onRetry: () => void }) {
  return (
    <Message
      icon="warning"
      tone="danger"
      title={failure.unreachable ? "No connection" : "This page could not be loaded"}
      actions={
        <>
          <button type="button" className="button button-primary" onClick={onRetry}>
            Try again
          </button>
          <HostClose />
        </>
      }
    >
      <p>{failure.message}</p>
    </Message>
  );
}

export function NothingConfigured() {
  return (
    <Message icon="info" title="Nothing to connect yet" actions={<HostClose />}>
      <p>
        No connector is set up for this link. Ask the person who sent it to switch one on, then load this page
        again.
      </p>
    </Message>
  );
}

/** The profile was disabled, perhaps while the form was open. */
export function Unavailable({ name, message, onBack }: UnavailableProps) {
  const title = `${name} is not available at the moment`;
  return (
    <Message
      icon="warning"
      title={title}
      actions={
        <>
          {onBack && (
            <button type="button" className="button" onClick={onBack}>
              Choose another one
            </button>
          )}
          <HostClose />
        </>
      }
    >
      {/* The server's sentence often begins as the title does; nobody needs to read it twice. */}
      <p>{message.startsWith(title) ? "Its connector profile is switched off." : message}</p>
      <p>Nothing was saved. Ask the person who sent you the link when it will be back.</p>
    </Message>
  );
}

interface UnavailableProps {
  name: string;
  message: string;
  onBack: (() => void) | null;
}

export function NoSuchAccount() {
  return (
    <Message icon="info" title="This account cannot be edited here" actions={<HostClose />}>
      <p>
        It was removed, or it does not belong to the owner of this link. Ask the person who sent it for a new
        one.
      </p>
    </Message>
  );
}

/** Shown when the page itself breaks: a mistake of ours. */
export function Crashed({ onRetry }: { onRetry: () => void }) {
  return (
    <Message
      icon="warning"
      tone="danger"
      title="Something went wrong in this page"
      actions={
        <button type="button" className="button button-primary" onClick={onRetry}>
          Start over
        </button>
      }
    >
      <p>Nothing was saved. If it happens again, tell the person who sent you the link.</p>
    </Message>
  );
}
