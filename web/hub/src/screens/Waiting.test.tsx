import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { INIT_WAIT } from "../App.tsx";
import { renderHub } from "../testing/renderHub.tsx";
import { Announcer } from "../ui/announcer.tsx";
import { SLOW_AFTER, Waiting } from "./Waiting.tsx";

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

it("says after five seconds, and not before, that the provider is slow", () => {
  const onCancel = vi.fn();
  render(
    <Announcer>
      <Waiting title="Connecting" slow="It is slow" onCancel={onCancel} />
    </Announcer>,
  );
  const shown = () =>
    screen.getByText("It is slow", { selector: ".slow" }).getAttribute("aria-hidden") === "false";
  act(() => vi.advanceTimersByTime(SLOW_AFTER - 1));
  expect(shown()).toBe(false);
  expect(screen.getByRole("status").textContent).toBe("Connecting");
  act(() => vi.advanceTimersByTime(1));
  expect(shown()).toBe(true);
  expect(screen.getByRole("status").textContent).toBe("It is slow");
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(onCancel).toHaveBeenCalledOnce();
});

it("goes on without a host that says nothing", async () => {
  const hub = renderHub({ framed: true });
  await act(() => vi.advanceTimersByTimeAsync(INIT_WAIT - 1));
  expect(hub.calls).toEqual([]);
  await act(() => vi.advanceTimersByTimeAsync(1));
  expect(hub.calls[0]?.path).toBe("/hub/settings");
});
