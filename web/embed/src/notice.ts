/**
 * The words that the element shows in place of the Hub when that cannot open. They are for whoever
 * builds the page, so they say what to add and where. Built node by node: works under Trusted Types.
 */

import { allowedOrigins, type Problem } from "./options.ts";

interface Silence {
  server: string;
  pageOrigins: readonly string[];
  seconds: number;
}

interface Notice {
  problem: Problem;
  /** Set when nothing came from the server: the two reasons are then told apart. */
  silence: Silence | null;
  onRetry: () => void;
}

type Child = Node | string;

export function noticeOf(document: Document, { problem, silence, onRetry }: Notice): HTMLElement {
  const make = (name: string, ...children: Child[]): HTMLElement => {
    const element = document.createElement(name);
    element.append(...children);
    return element;
  };
  const title = make("p", "The Hub did not open");
  title.className = "title";
  const words = make("div", title);
  words.className = "words";
  if (silence === null) {
    words.append(make("p", problem.message));
    return words;
  }
  const { server, pageOrigins, seconds } = silence;
  const link = document.createElement("a");
  link.href = server;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.append(server);
  const retry = document.createElement("button");
  retry.type = "button";
  retry.append("Try again");
  retry.addEventListener("click", onRetry);
  words.append(
    make("p", `Nothing came from ${server} within ${seconds} seconds. That has one of two reasons:`),
    make(
      "ul",
      make(
        "li",
        `The session does not allow this page, ${pageOrigins[0] ?? "which has no origin"}. ` +
          "Add it where your server makes the session:",
        make("code", allowedOrigins(pageOrigins)),
      ),
      make("li", "The server cannot be reached from this browser. See whether ", link, " opens."),
    ),
    retry,
  );
  return words;
}
