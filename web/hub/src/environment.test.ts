import { describe, expect, it, vi } from "vitest";
import { readEnvironment } from "./environment.ts";

function surroundings(
  search: string,
  { pathname = "/embedded/integrations", framed = false, opener = null as unknown } = {},
) {
  const history = { state: null, replaceState: vi.fn() };
  const window: Record<string, unknown> = { location: { search, pathname }, history, opener };
  window.parent = framed ? {} : window;
  return { window: window as never, history };
}

describe("the environment", () => {
  it("is read from the address, which is then without its query", () => {
    const { window, history } = surroundings("?token=t1&theme=dark");
    expect(readEnvironment(window)).toEqual({
      page: "hub",
      token: "t1",
      framed: false,
      hostOrigin: null,
      theme: "dark",
      opened: false,
    });
    expect(history.replaceState).toHaveBeenCalledExactlyOnceWith(null, "", "/embedded/integrations");
  });

  it("knows a host only inside a frame, and only by a real origin", () => {
    const query = "?token=t1&origin=https%3A%2F%2Fapp.example.com";
    expect(readEnvironment(surroundings(query).window).hostOrigin).toBeNull();
    expect(readEnvironment(surroundings(query, { framed: true }).window)).toMatchObject({
      framed: true,
      hostOrigin: "https://app.example.com",
    });
    expect(readEnvironment(surroundings("?origin=*", { framed: true }).window).hostOrigin).toBeNull();
  });

  it("tells the landing page of a sign-in apart, and a window that was opened", () => {
    const { window } = surroundings("", { pathname: "/embedded/accounts/callback", opener: {} });
    expect(readEnvironment(window)).toMatchObject({ page: "callback", token: null, opened: true });
  });
});
