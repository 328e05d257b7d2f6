/**
 * What to do about a failed call. The log has the error's code and message but, unlike the response, no reason: the codes of
 * failures at the provider stand for it, so that the words are those of the other screens.
 */

import { type FailureReason, wordsFor } from "@patchbay/web-shared/failureReason.ts";
import type { ActionLog } from "../../api/logs.ts";

export interface Advice {
  title: string;
  nextStep: string;
  /** Where the next step is done. */
  place: "account" | "profile" | null;
}

const REASONS: Record<string, FailureReason> = {
  ProviderUnreachableError: "unreachable",
  ProviderConnectionError: "unreachable",
  ProviderInvalidResponseError: "unavailable",
  ProviderRateLimitError: "rate_limited",
  TimeoutError: "timed_out",
  ProfileCredentialsError: "misconfigured",
  ProviderRedirectError: "misconfigured",
};

const reconnect = (title: string): Advice => ({
  title,
  nextStep: "Reconnect the account on its page, or send its owner an auth link.",
  place: "account",
});

const ADVICE: Record<string, Advice> = {
  AccountInvalidCredentialsError: reconnect("The provider does not accept the account's credentials"),
  AccountExpiredCredentialsError: reconnect("The account's credentials have expired"),
  AccountAuthenticationFailedError: reconnect("The account could not be authenticated"),
  AccountRevokedError: reconnect("The account's access was revoked"),
  AccountMissingScopesError: reconnect("The account lacks a scope"),
  TokenRenewalError: reconnect("The account's token could not be refreshed"),
  AccountSuspendedError: {
    title: "The account is suspended",
    nextStep: "Resume the account on its page.",
    place: "account",
  },
  AccountNotFoundError: {
    title: "The account does not exist",
    nextStep: "Check the account's ID. It may have been deleted.",
    place: null,
  },
  ActionNotEnabledError: {
    title: "The connector profile does not allow the action",
    nextStep: "Allow the action in the connector profile, or choose another one.",
    place: "profile",
  },
  ActionNotFoundError: {
    title: "The connector has no such action",
    nextStep: "Check the action's ID, and the connector version that the account uses.",
    place: null,
  },
  ValidationError: {
    title: "The inputs are not valid",
    nextStep: "Correct the inputs as the message says. Nothing was sent to the provider.",
    place: null,
  },
  EgressRefusedError: {
    title: "The address is not allowed",
    nextStep: "Check the address, or allow it in the server's configuration.",
    place: null,
  },
};

const CODES_OF_LIMITS = new Set([
  "AccountRateLimitError",
  "AccountConcurrencyError",
  "TooManyRequestsError",
  "ServerBusyError",
  "ProjectBusyError",
]);

/** The status of a call whose caller did not wait for the response. */
const CALLER_GONE = 499;

/** Returns what to do about a log; null if the call succeeded. */
export function adviceFor(log: Pick<ActionLog, "success" | "status_code" | "error_code">): Advice | null {
  if (log.success) return null;
  const { status_code: status, error_code: code } = log;
  const known = code !== null && Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
  if (known !== undefined) return known;
  const reason = reasonOf(code, status);
  if (reason !== null) {
    const { title, nextStep } = wordsFor(reason, "the provider", "operator");
    return { title, nextStep, place: reason === "misconfigured" ? "profile" : null };
  }
  if (code !== null && CODES_OF_LIMITS.has(code)) {
    return {
      title: "A limit of this server was reached",
      nextStep: "Wait, then try again. If it happens often, make fewer calls at once or raise the limit.",
      place: null,
    };
  }
  if (status === CALLER_GONE) {
    return {
      title: "The caller disconnected before the response",
      nextStep: "Let the caller wait longer, or request less at once.",
      place: null,
    };
  }
  return status >= 500
    ? {
        title: "The call failed",
        nextStep: "Try again. If it fails again, look at the server's log.",
        place: null,
      }
    : { title: "The call was refused", nextStep: "Correct the call as the message says.", place: null };
}

function reasonOf(code: string | null, status: number): FailureReason | null {
  if (code !== null && Object.hasOwn(REASONS, code)) return REASONS[code] ?? null;
  // A raw request returns the provider's own error response, without a code of this server.
  if (code !== null && code !== "ProviderError") return null;
  if (status === CALLER_GONE) return null;
  if (status === 429) return "rate_limited";
  return status >= 500 ? "unavailable" : "refused";
}
