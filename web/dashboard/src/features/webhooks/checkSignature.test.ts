import { expect, test } from "vitest";
import { checkSignature } from "./checkSignature.ts";

/** The vector of Standard Webhooks. */
const VECTOR = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: "1614265330",
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  body: '{"test": 2432232314}',
};
const NOW = new Date(1614265330_000);

test("the vector of the standard fits, also beside another signature", async () => {
  expect(await checkSignature(VECTOR, NOW)).toEqual({ fits: true, message: "The signature fits." });
  const two = { ...VECTOR, signature: `v1,AAAA v1a,xx ${VECTOR.signature}` };
  expect((await checkSignature(two, NOW)).fits).toBe(true);
  const late = await checkSignature(VECTOR, new Date(NOW.getTime() + 301_000));
  expect(late).toMatchObject({ fits: true, message: expect.stringContaining("more than five minutes old") });
});

test("each part that differs is refused", async () => {
  for (const change of [
    { body: '{"test": 2432232315}' },
    { id: "msg_another" },
    { timestamp: "1614265331" },
    { secret: "whsec_AAAA" },
    { signature: "v1,!!!" },
  ]) {
    expect(await checkSignature({ ...VECTOR, ...change }, NOW)).toMatchObject({
      fits: false,
      message: expect.stringContaining("No signature fits"),
    });
  }
});

test("what is not a delivery is named", async () => {
  for (const [change, why] of [
    [{ secret: "abc" }, "The secret"],
    [{ secret: "whsec_!" }, "The secret"],
    [{ id: "" }, "webhook-id"],
    [{ timestamp: "now" }, "webhook-timestamp"],
    [{ signature: "v2,x" }, "webhook-signature"],
  ] as const) {
    const verdict = await checkSignature({ ...VECTOR, ...change }, NOW);
    expect(verdict).toMatchObject({ fits: false, message: expect.stringContaining(why) });
  }
});
