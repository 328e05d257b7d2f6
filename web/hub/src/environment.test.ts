import { describe, expect, it, vi } from "vitest";
import { readEnvironment } from "./environment.ts";

function fakeWindow(
  search: string,
  { pathname = "/embedded/integrations", framed = false, opener = null as unknown } = {},
) {
  const history = { state: null, replaceState: vi.fn() };
  const window: Record<string, unknown> = { location: { search, pathname }, history, opener };
  window.parent = framed ? {} : window;
  return { window: window as never, history };
}

describe("readEnvironment", () => {
  it("reads the address and removes its query", () => {
    const { window, history } = fakeWindow("?token=t1&theme=dark");
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

  it("returns a host only inside a frame and only for a valid origin", () => {
    const query = "?token=t1&origin=https%3A%2F%2Fapp.example.com";
    expect(readEnvironment(fakeWindow(query).window).hostOrigin).toBeNull();
    expect(readEnvironment(fakeWindow(query, { framed: true }).window)).toMatchObject({
      framed: true,
      hostOrigin: "https://app.example.com",
    });
    expect(readEnvironment(fakeWindow("?origin=*", { framed: true }).window).hostOrigin).toBeNull();
  });

  it("detects the OAuth callback page and a window opened by another page", () => {
    const { window } = fakeWindow("", { pathname: "/embedded/accounts/callback", opener: {} });
    expect(readEnvironment(window)).toMatchObject({ page: "callback", token: null, opened: true });
  });
});
