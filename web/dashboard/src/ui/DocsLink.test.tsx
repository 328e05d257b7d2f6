/** Links to the documentation on pages and in failures. */

import { MantineProvider } from "@mantine/core";
import { ApiFailure } from "@patchbay/web-shared/client.ts";
import { cleanup, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it } from "vitest";
import { DocsLink } from "./DocsLink.tsx";
import { DOCS } from "./docs.ts";
import { FailureMessage } from "./FailureMessage.tsx";
import { PageHeader } from "./PageHeader.tsx";

const show = (node: ReactNode) => render(<MantineProvider>{node}</MantineProvider>);

afterEach(cleanup);

it("opens a new tab and says what it is about", () => {
  show(<DocsLink to={DOCS.apiKeys} />);
  const link = screen.getByRole("link", { name: "Learn more about keys and their scopes (opens a new tab)" });
  expect(link.getAttribute("href")).toBe("/docs/guides/api-keys");
  expect(link.getAttribute("target")).toBe("_blank");
});

it("stands behind a page's description", () => {
  show(<PageHeader title="API keys" description="Keys for your backend." docs={DOCS.apiKeys} />);
  const description = screen.getByText(/^Keys for your backend\./);
  expect(description.querySelector("a")?.getAttribute("href")).toBe("/docs/guides/api-keys");
});

it("leads from a failure to its code", () => {
  const failure = new ApiFailure({ status: 404, code: "AccountNotFoundError", message: "no account" });
  show(<FailureMessage failure={failure} />);
  const link = screen.getByRole("link", { name: /^AccountNotFoundError in the documentation/ });
  expect(link.getAttribute("href")).toBe("/docs/errors#AccountNotFoundError");
});

it("leads nowhere from a failure that the server did not send", () => {
  show(
    <FailureMessage failure={new ApiFailure({ status: 0, code: "NetworkError", message: "no answer" })} />,
  );
  expect(screen.queryByRole("link")).toBeNull();
});
