/**
 * The element's styles: the frame, the loading indicator and the error notice. They are a constructed style sheet,
 * which a Content-Security-Policy allows even if it forbids `<style>`.
 */

const CSS = `
:host { display: block; }
:host([hidden]) { display: none; }
:host([height="100%"]) { height: 100%; }
.hub {
  --surface: var(--pb-color-surface, #ffffff);
  --sunken: var(--pb-color-sunken, #f1f4f9);
  --text: var(--pb-color-text, #0f172a);
  --muted: var(--pb-color-text-muted, #475569);
  --border: var(--pb-color-border, #e2e8f0);
  --outline: var(--pb-color-control-border, #8391a7);
  --accent: var(--pb-color-primary, #4f46e5);
  --link: var(--pb-color-link, #4338ca);
  position: relative;
  color-scheme: light;
  font: 14px/1.5 var(--pb-font-family, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  color: var(--text);
}
.hub[data-theme="dark"] {
  --surface: var(--pb-color-surface, #131a2b);
  --sunken: var(--pb-color-sunken, #0e1525);
  --text: var(--pb-color-text, #f1f5f9);
  --muted: var(--pb-color-text-muted, #b4c0d2);
  --border: var(--pb-color-border, #273248);
  --outline: var(--pb-color-control-border, #66758f);
  --accent: var(--pb-color-primary, #8b86ff);
  --link: var(--pb-color-link, #aba7ff);
  color-scheme: dark;
}
iframe {
  display: block;
  width: 100%;
  height: 100%;
  border: 0;
  opacity: 0;
}
.hub[data-state="ready"] iframe { opacity: 1; }
.loading, .notice {
  position: absolute;
  inset: 0;
  display: flex;
  align-items: center;
  justify-content: center;
  padding: 24px;
  overflow: auto;
  box-sizing: border-box;
  background: var(--surface);
}
.loading[hidden], .notice[hidden] { display: none; }
.spinner {
  width: 28px;
  height: 28px;
  border: 3px solid var(--border);
  border-top-color: var(--accent);
  border-radius: 50%;
  animation: spin 900ms linear infinite;
}
@keyframes spin { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .spinner { animation-duration: 4s; } }
.visually-hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.notice-body { max-width: 460px; max-height: 100%; }
.notice-body p, .notice-body ul { margin: 0 0 12px; color: var(--muted); }
.notice-body .title { margin-bottom: 4px; font-size: 16px; font-weight: 600; color: var(--text); }
.notice-body ul { padding-left: 20px; }
.notice-body li { margin-bottom: 8px; }
.notice-body code {
  display: block;
  margin: 6px 0 0;
  padding: 8px 10px;
  background: var(--sunken);
  border: 1px solid var(--border);
  border-radius: 6px;
  font: 12.5px/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  color: var(--text);
  overflow-wrap: anywhere;
  user-select: all;
}
.notice-body a { color: var(--link); overflow-wrap: anywhere; }
.notice-body button {
  min-height: 40px;
  padding: 0 20px;
  background: var(--surface);
  border: 1px solid var(--outline);
  border-radius: 8px;
  font: inherit;
  font-weight: 500;
  color: inherit;
  cursor: pointer;
}
.notice-body button:hover { background: var(--sunken); }
.notice-body :is(button, a):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;

let sheet: CSSStyleSheet | null = null;

/** Shares one style sheet between all elements of the page; it is created on first use. */
export function adoptStyles(root: ShadowRoot): void {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [sheet];
}
