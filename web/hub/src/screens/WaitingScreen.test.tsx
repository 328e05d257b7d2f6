import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { INIT_TIMEOUT_MS } from "../App.tsx";
import { renderHub } from "../testing/renderHub.tsx";
import { Announcer } from "../ui/Announcer.tsx";
import { SLOW_AFTER_MS, WaitingScreen } from "./WaitingScreen.tsx";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("says after five seconds that the provider is slow, and not before", () => {
  const onCancel = vi.fn();
  render(
    <Announcer>
      <WaitingScreen title="Connecting" slow="It is slow" onCancel={onCancel} />
    </Announcer>,
  );
  const shown = () =>
    screen.getByText("It is slow", { selector: ".slow" }).getAttribute("aria-hidden") === "false";
  act(() => vi.advanceTimersByTime(SLOW_AFTER_MS - 1));
  expect(shown()).toBe(false);
  expect(screen.getByRole("status").textContent).toBe("Connecting");
  act(() => vi.advanceTimersByTime(1));
  expect(shown()).toBe(true);
  expect(screen.getByRole("status").textContent).toBe("It is slow");
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(onCancel).toHaveBeenCalledOnce();
});

it("continues without a host that sends no `init`", async () => {
  const hub = renderHub({ framed: true });
  await act(() => vi.advanceTimersByTimeAsync(INIT_TIMEOUT_MS - 1));
  expect(hub.calls).toEqual([]);
  await act(() => vi.advanceTimersByTimeAsync(1));
  expect(hub.calls[0]?.path).toBe("/hub/settings");
});
