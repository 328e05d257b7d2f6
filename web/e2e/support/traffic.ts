/**
 * What the browser sends: kept for questions such as "where did the secret go?", and held to loopback.
 *
 * A test that needs the internet is a test that fails on a train; and a Hub that phones elsewhere would be
 * worth knowing about. Requests to any other host are refused and noted.
 */
import type { BrowserContext, Request } from "@playwright/test";

/** The record of one browser context. */
export class Traffic {
  /** Every request that was let through. */
  readonly sent: Request[] = [];
  /** The URLs of those that were refused. */
  readonly refused: string[] = [];

  /** Starts keeping the record of a context. */
  static async watch(context: BrowserContext): Promise<Traffic> {
    const traffic = new Traffic();
    await context.route("**/*", async (route) => {
      const url = new URL(route.request().url());
      if (url.hostname === "127.0.0.1") {
        traffic.sent.push(route.request());
        await route.continue();
      } else {
        traffic.refused.push(url.href);
        await route.abort("blockedbyclient");
      }
    });
    return traffic;
  }

  /** The requests that hold a text anywhere: address, headers or body. */
  async holding(text: string): Promise<Request[]> {
    const found = [];
    for (const request of this.sent) {
      const headers = JSON.stringify(await request.allHeaders());
      const body = request.postData() ?? "";
      if (
        [request.url(), decodeURIComponent(request.url()), headers, body].some((part) => part.includes(text))
      ) {
        found.push(request);
      }
    }
    return found;
  }
}
