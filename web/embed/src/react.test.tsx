/** The React component: props become properties, events call the latest handlers. */

import { cleanup, render } from "@testing-library/react";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PatchbayHubElement } from "./element.ts";
import { PatchbayHub } from "./react.ts";
import { BASE, fakeFrames, postedTo, sendFromHub } from "./testing/fakeFrames.ts";

const updated = () => Promise.resolve();

function element(container: HTMLElement): PatchbayHubElement {
  const found = container.querySelector("patchbay-hub");
  if (!found) throw new Error("nothing was rendered");
  return found;
}

function frame(container: HTMLElement): HTMLIFrameElement {
  const found = element(container).shadowRoot?.querySelector("iframe");
  if (!found) throw new Error("the Hub is not open");
  return found;
}

beforeEach(fakeFrames);
afterEach(cleanup);

describe("props", () => {
  it("are passed to the Hub", async () => {
    const theme = { colors: { primary: { background: "#0f766e" } } };
    const { container } = render(
      <PatchbayHub
        token="t1"
        baseUrl={BASE}
        theme={theme}
        height={600}
        accountId="a1"
        closeLabel="Done"
        showFooterLinks={false}
        label="Tools"
        className="wide"
        id="hub"
        style={{ margin: 4 }}
      />,
    );
    await updated();
    const hub = element(container);
    expect([hub.className, hub.id, hub.style.margin, hub.height]).toEqual(["wide", "hub", "4px", "600"]);
    expect(frame(container).title).toBe("Tools");
    sendFromHub(frame(container), "ready");
    expect(postedTo(frame(container))[0]?.message).toMatchObject({
      theme,
      accountId: "a1",
      closeLabel: "Done",
      showFooterLinks: false,
    });
  });

  it("are reset when they are removed", async () => {
    const { container, rerender } = render(
      <PatchbayHub token="t1" baseUrl={BASE} theme="dark" height={600} accountId="a1" />,
    );
    rerender(<PatchbayHub token="t1" baseUrl={BASE} />);
    await updated();
    const hub = element(container);
    expect([hub.theme, hub.height, hub.accountId]).toEqual(["light", "auto", ""]);
  });

  it("reopen the Hub only if the token changes", async () => {
    const { container, rerender } = render(<PatchbayHub token="t1" baseUrl={BASE} />);
    await updated();
    const first = frame(container);
    rerender(<PatchbayHub token="t1" baseUrl={BASE} theme="dark" />);
    await updated();
    expect(frame(container)).toBe(first);
    rerender(<PatchbayHub token="t2" baseUrl={BASE} theme="dark" />);
    await updated();
    expect(frame(container)).not.toBe(first);
  });

  it("may omit the token at first", async () => {
    const { container, rerender } = render(<PatchbayHub token={null} baseUrl={BASE} />);
    await updated();
    expect(element(container).shadowRoot?.querySelector("iframe")).toBeNull();
    rerender(<PatchbayHub token="t1" baseUrl={BASE} />);
    await updated();
    expect(frame(container).src).toContain("token=t1");
  });
});

describe("handlers", () => {
  it("are called once with the detail, also in strict mode", async () => {
    const calls: unknown[] = [];
    const record = (name: string) => (detail?: unknown) => calls.push(detail ? [name, detail] : name);
    const { container } = render(
      <StrictMode>
        <PatchbayHub
          token="t1"
          baseUrl={BASE}
          onReady={record("ready")}
          onSuccess={record("success")}
          onCancel={record("cancel")}
          onClose={record("close")}
        />
      </StrictMode>,
    );
    await updated();
    const account = { id: "acc_1", provider: "spotdraft" };
    sendFromHub(frame(container), "ready");
    sendFromHub(frame(container), "success", { account });
    sendFromHub(frame(container), "cancel");
    sendFromHub(frame(container), "close");
    expect(calls).toEqual(["ready", ["success", account], "cancel", "close"]);
  });

  it("are always the latest ones", async () => {
    const previous = vi.fn();
    const latest = vi.fn();
    const { container, rerender } = render(<PatchbayHub token="t1" baseUrl={BASE} onClose={previous} />);
    rerender(<PatchbayHub token="t1" baseUrl={BASE} onClose={latest} />);
    await updated();
    sendFromHub(frame(container), "close");
    expect([previous.mock.calls.length, latest.mock.calls.length]).toEqual([0, 1]);
  });

  it("receive problems", async () => {
    const onError = vi.fn();
    render(<PatchbayHub token="t1" baseUrl="invalid" onError={onError} />);
    await updated();
    expect(onError).toHaveBeenCalledWith({ code: "invalid-base-url", message: expect.any(String) });
  });
});

it("renders an empty element without the token on a server", () => {
  const html = renderToString(<PatchbayHub token="t1" baseUrl={BASE} className="wide" />);
  expect(html).toBe('<patchbay-hub class="wide"></patchbay-hub>');
});
