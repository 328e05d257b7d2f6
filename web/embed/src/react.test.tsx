/** The React component: props become properties, events become calls of the newest handlers. */

import { cleanup, render } from "@testing-library/react";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PatchbayHubElement } from "./element.ts";
import { PatchbayHub } from "./react.ts";
import { BASE, fakeFrames, postedTo, say } from "./testing/frames.ts";

const settled = () => Promise.resolve();

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
  it("reach the Hub", async () => {
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
    await settled();
    const hub = element(container);
    expect([hub.className, hub.id, hub.style.margin, hub.height]).toEqual(["wide", "hub", "4px", "600"]);
    expect(frame(container).title).toBe("Tools");
    say(frame(container), "ready");
    expect(postedTo(frame(container))[0]?.message).toMatchObject({
      theme,
      accountId: "a1",
      closeLabel: "Done",
      showFooterLinks: false,
    });
  });

  it("that go away are taken back", async () => {
    const { container, rerender } = render(
      <PatchbayHub token="t1" baseUrl={BASE} theme="dark" height={600} accountId="a1" />,
    );
    rerender(<PatchbayHub token="t1" baseUrl={BASE} />);
    await settled();
    const hub = element(container);
    expect([hub.theme, hub.height, hub.accountId]).toEqual(["light", "auto", ""]);
  });

  it("that change open the Hub anew only for another token", async () => {
    const { container, rerender } = render(<PatchbayHub token="t1" baseUrl={BASE} />);
    await settled();
    const first = frame(container);
    rerender(<PatchbayHub token="t1" baseUrl={BASE} theme="dark" />);
    await settled();
    expect(frame(container)).toBe(first);
    rerender(<PatchbayHub token="t2" baseUrl={BASE} theme="dark" />);
    await settled();
    expect(frame(container)).not.toBe(first);
  });

  it("may lack the token until there is one", async () => {
    const { container, rerender } = render(<PatchbayHub token={null} baseUrl={BASE} />);
    await settled();
    expect(element(container).shadowRoot?.querySelector("iframe")).toBeNull();
    rerender(<PatchbayHub token="t1" baseUrl={BASE} />);
    await settled();
    expect(frame(container).src).toContain("token=t1");
  });
});

describe("handlers", () => {
  it("are called with the detail, once, in strict mode too", async () => {
    const calls: unknown[] = [];
    const note = (name: string) => (detail?: unknown) => calls.push(detail ? [name, detail] : name);
    const { container } = render(
      <StrictMode>
        <PatchbayHub
          token="t1"
          baseUrl={BASE}
          onReady={note("ready")}
          onSuccess={note("success")}
          onCancel={note("cancel")}
          onClose={note("close")}
        />
      </StrictMode>,
    );
    await settled();
    const account = { id: "acc_1", provider: "spotdraft" };
    say(frame(container), "ready");
    say(frame(container), "success", { account });
    say(frame(container), "cancel");
    say(frame(container), "close");
    expect(calls).toEqual(["ready", ["success", account], "cancel", "close"]);
  });

  it("are the newest", async () => {
    const old = vi.fn();
    const now = vi.fn();
    const { container, rerender } = render(<PatchbayHub token="t1" baseUrl={BASE} onClose={old} />);
    rerender(<PatchbayHub token="t1" baseUrl={BASE} onClose={now} />);
    await settled();
    say(frame(container), "close");
    expect([old.mock.calls.length, now.mock.calls.length]).toEqual([0, 1]);
  });

  it("hear of a problem", async () => {
    const onError = vi.fn();
    render(<PatchbayHub token="t1" baseUrl="nonsense" onError={onError} />);
    await settled();
    expect(onError).toHaveBeenCalledWith({ code: "invalid-base-url", message: expect.any(String) });
  });
});

it("renders an empty tag on a server, without the token", () => {
  const html = renderToString(<PatchbayHub token="t1" baseUrl={BASE} className="wide" />);
  expect(html).toBe('<patchbay-hub class="wide"></patchbay-hub>');
});
