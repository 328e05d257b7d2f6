import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { Markdown } from "./Markdown.tsx";

const html = (text: string): string => render(<Markdown text={text} />).container.innerHTML;

it("renders bold, italics, code and web links", () => {
  expect(html("a **b** *c* `d`")).toBe("a <strong>b</strong> <em>c</em> <code>d</code>");
  expect(html("[x](https://example.com)")).toContain('<a href="https://example.com" target="_blank"');
  expect(html("[x](/guides/a)")).toContain('href="/guides/a"');
});

it("leaves everything else as text", () => {
  expect(html("<img src=x onerror=alert(1)>")).toBe("&lt;img src=x onerror=alert(1)&gt;");
  expect(html("[x](javascript:alert(1))")).not.toContain("<a");
  expect(html("[x](//evil.example.com)")).not.toContain("<a");
  expect(html("2 * 3 * 4")).toBe("2 * 3 * 4");
});
