/**
 * Records the browser's requests and restricts them to loopback.
 *
 * Tests must work offline, and the Hub must not contact other hosts. Requests to any other host are blocked and
 * recorded.
 */
import type { BrowserContext, Request } from "@playwright/test";

/** The requests of one browser context. */
export class Traffic {
  /** The allowed requests. */
  readonly sent: Request[] = [];
  /** The URLs of the blocked requests. */
  readonly blocked: string[] = [];

  /** Starts recording the requests of a context. */
  static async watch(context: BrowserContext): Promise<Traffic> {
    const traffic = new Traffic();
    await context.route("**/*", async (route) => {
      const url = new URL(route.request().url());
      if (url.hostname === "127.0.0.1") {
        traffic.sent.push(route.request());
        await route.continue();
      } else {
        traffic.blocked.push(url.href);
        await route.abort("blockedbyclient");
      }
    });
    return traffic;
  }

  /** Returns the requests that contain a text in the URL, the headers or the body. */
  async requestsContaining(text: string): Promise<Request[]> {
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
