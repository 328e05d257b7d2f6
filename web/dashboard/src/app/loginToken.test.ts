import { expect, test, vi } from "vitest";
import { takeLoginToken } from "./loginToken.ts";

const at = (href: string) => ({
  location: { href } as Location,
  history: { replaceState: vi.fn() } as unknown as History,
});

test("removes only the token from the address bar", () => {
  const window = at("http://127.0.0.1:8080/dashboard/run?login_token=abc&account=1#x");
  expect(takeLoginToken(window)).toBe("abc");
  expect(window.history.replaceState).toHaveBeenCalledWith(null, "", "/dashboard/run?account=1#x");
});

test("does nothing without a token", () => {
  const window = at("http://127.0.0.1:8080/dashboard");
  expect(takeLoginToken(window)).toBeNull();
  expect(window.history.replaceState).not.toHaveBeenCalled();
});

test("removes an empty token and returns null", () => {
  const window = at("http://127.0.0.1:8080/dashboard?login_token=");
  expect(takeLoginToken(window)).toBeNull();
  expect(window.history.replaceState).toHaveBeenCalledWith(null, "", "/dashboard");
});
