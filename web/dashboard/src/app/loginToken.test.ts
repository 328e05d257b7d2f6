import { expect, test, vi } from "vitest";
import { takeLoginToken } from "./loginToken.ts";

const at = (href: string) => ({
  location: { href } as Location,
  history: { replaceState: vi.fn() } as unknown as History,
});

test("the token leaves the address bar, and nothing else does", () => {
  const window = at("http://127.0.0.1:8080/dashboard/run?login_token=abc&account=1#x");
  expect(takeLoginToken(window)).toBe("abc");
  expect(window.history.replaceState).toHaveBeenCalledWith(null, "", "/dashboard/run?account=1#x");
});

test("without a token nothing happens", () => {
  const window = at("http://127.0.0.1:8080/dashboard");
  expect(takeLoginToken(window)).toBeNull();
  expect(window.history.replaceState).not.toHaveBeenCalled();
});

test("an empty token is none, and is taken away as well", () => {
  const window = at("http://127.0.0.1:8080/dashboard?login_token=");
  expect(takeLoginToken(window)).toBeNull();
  expect(window.history.replaceState).toHaveBeenCalledWith(null, "", "/dashboard");
});
