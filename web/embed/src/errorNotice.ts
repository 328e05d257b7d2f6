/**
 * The notice that the element shows if the Hub cannot open. It is for the developer of the page, so it says what to
 * add and where. It is built from nodes, so that it works with Trusted Types.
 */

import { allowedOrigins, type Problem } from "./options.ts";

interface TimeoutDetails {
  server: string;
  pageOrigins: readonly string[];
  seconds: number;
}

interface NoticeOptions {
  problem: Problem;
  /** Set if the server did not respond; the notice then explains the two possible causes. */
  timeout: TimeoutDetails | null;
  onRetry: () => void;
}

type Child = Node | string;

export function createErrorNotice(
  document: Document,
  { problem, timeout, onRetry }: NoticeOptions,
): HTMLElement {
  const createElement = (name: string, ...children: Child[]): HTMLElement => {
    const element = document.createElement(name);
    element.append(...children);
    return element;
  };
  const title = createElement("p", "The Hub did not open");
  title.className = "title";
  const notice = createElement("div", title);
  notice.className = "notice-body";
  if (timeout === null) {
    notice.append(createElement("p", problem.message));
    return notice;
  }
  const { server, pageOrigins, seconds } = timeout;
  const link = document.createElement("a");
  link.href = server;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.append(server);
  const retry = document.createElement("button");
  retry.type = "button";
  retry.append("Try again");
  retry.addEventListener("click", onRetry);
  notice.append(
    createElement("p", `${server} did not respond within ${seconds} seconds. There are two possible causes:`),
    createElement(
      "ul",
      createElement(
        "li",
        `The session does not allow this page, ${pageOrigins[0] ?? "which has no origin"}. ` +
          "Allow it where your server creates the session:",
        createElement("code", allowedOrigins(pageOrigins)),
      ),
      createElement("li", "The server is unreachable from this browser. Check whether ", link, " opens."),
    ),
    retry,
  );
  return notice;
}
