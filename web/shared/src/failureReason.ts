/**
 * What the screens say when a request to a provider failed: one table for the Hub and the dashboard. The server names the
 * reason (`reason`); a provider that could not be reached has refused nothing.
 */

import type { components } from "./api.gen.ts";

export type FailureReason = components["schemas"]["FailureReason"];

/** Who reads the message: a customer in the Hub, or the operator in the dashboard. */
export type Reader = "customer" | "operator";

interface Words {
  /** A short heading. */
  title: string;
  /** What happened. */
  sentence: string;
  /** What the reader can do now. */
  nextStep: string;
  /** Whether the same request can succeed later. */
  canRetry: boolean;
}

interface Entry {
  title: (provider: string) => string;
  sentence: (provider: string) => string;
  nextStep: Record<Reader, string>;
  canRetry: boolean;
}

const ENTRIES: Record<FailureReason, Entry> = {
  refused: {
    title: (provider) => `${provider} refused the request`,
    sentence: (provider) => `${provider} responded, and did not accept it.`,
    nextStep: {
      customer: "Check what you entered and your permissions there, then try again.",
      operator: "Check the values and the account's permissions, or reconnect the account.",
    },
    canRetry: false,
  },
  unreachable: {
    title: (provider) => `${provider} could not be reached`,
    sentence: (provider) =>
      `Patchbay could not connect to ${provider}, so ${provider} has not checked anything.`,
    nextStep: {
      customer: "Check the address if you entered one. Otherwise try again in a few minutes.",
      operator:
        "Check the address, and whether this server can reach it (name, firewall, certificate), then try again.",
    },
    canRetry: true,
  },
  timed_out: {
    title: (provider) => `${provider} did not respond in time`,
    sentence: (provider) =>
      `${provider} may be slow at the moment. It did not say whether it accepts the request.`,
    nextStep: {
      customer: "Try again in a few minutes.",
      operator: "Try again later, or request less at once.",
    },
    canRetry: true,
  },
  rate_limited: {
    title: (provider) => `Too many requests to ${provider}`,
    sentence: (provider) => `The limit of requests to ${provider} is used up for now.`,
    nextStep: {
      customer: "Wait a minute, then try again.",
      operator:
        "Wait, then try again. If it happens often, send fewer requests or ask the provider for a higher limit.",
    },
    canRetry: true,
  },
  misconfigured: {
    title: (provider) => `The connection to ${provider} is not set up correctly`,
    sentence: () => "What you entered may be correct.",
    nextStep: {
      customer: "Send this message to the person who gave you the link. They can correct the setup.",
      operator:
        "Correct the connector profile, the connector, or the app at the provider, as the message says.",
    },
    canRetry: false,
  },
  unavailable: {
    title: (provider) => `${provider} has a problem`,
    sentence: (provider) =>
      `${provider} responded with an error of its own, which says nothing about what was sent.`,
    nextStep: {
      customer: "Try again later.",
      operator: "Try again later. If it lasts, look at the provider's status page.",
    },
    canRetry: true,
  },
};

/** Returns the reason in a response of the server; null for another value. */
export const reasonIn = (value: unknown): FailureReason | null =>
  typeof value === "string" && Object.hasOwn(ENTRIES, value) ? (value as FailureReason) : null;

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Returns what to say about a failure. `provider` is the provider's name, or `the provider`. */
export function wordsFor(reason: FailureReason, provider: string, reader: Reader): Words {
  const { title, sentence, nextStep, canRetry } = ENTRIES[reason];
  return {
    title: capitalized(title(provider)),
    sentence: capitalized(sentence(provider)),
    nextStep: nextStep[reader],
    canRetry,
  };
}
