/**
 * The search of the documentation as one types, in a dialog. Without this script, the form in the header leads to the page
 * of results. The keyboard stays in the field, and `aria-activedescendant` names the active option (the combobox pattern of
 * the ARIA practices).
 */

import {
  announcement,
  LiveSearch,
  MAX_QUERY_LENGTH,
  nameOf,
  nextActive,
  opensSearch,
  placeOf,
  type SearchResult,
  type SearchResults,
  searchDocs,
  searchPage,
  snippetParts,
} from "@patchbay/web-shared/docsSearch.ts";
import { asFailure } from "@patchbay/web-shared/failure.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";

/** The index of an option that does not exist. */
const NONE = -1;

/** Opens the dialog by ⌘K, Ctrl+K, `/`, and by a click on the field in the header, until it is stopped. */
export function startSearch(stopped: AbortSignal = new AbortController().signal): void {
  let dialog: SearchDialog | undefined;
  const open = (event: Event): void => {
    event.preventDefault();
    dialog ??= new SearchDialog();
    dialog.open();
  };
  const listen = (event: KeyboardEvent): void => {
    if (opensSearch(event)) open(event);
  };
  document.addEventListener("keydown", listen, { signal: stopped });
  const field = document.querySelector<HTMLInputElement>(".top .search input");
  field?.setAttribute("aria-keyshortcuts", "Control+K Meta+K /");
  field?.addEventListener("click", open, { signal: stopped });
}

class SearchDialog {
  private readonly dialog = element("dialog", "find");
  private readonly field = element("input", "find-field");
  private readonly list = element("ul", "find-results");
  private readonly note = element("p", "find-note");
  private readonly status = element("p", "visually-hidden");
  private results: SearchResult[] = [];
  private active = 0;
  /** Whether the field changed after the results were asked for. */
  private isStale = false;
  /** Whether an arrow key chose the active option. */
  private isChosen = false;
  private readonly live = new LiveSearch({
    search: searchDocs,
    onResults: (found) => this.show(found),
    onFailure: (error) => {
      this.show(null);
      this.tell(toSentence(asFailure(error).message));
    },
  });

  constructor() {
    const { dialog, field, list, note, status } = this;
    dialog.setAttribute("aria-label", "Search the documentation");
    list.id = "find-results";
    set(list, { role: "listbox", "aria-label": "Results" });
    set(field, {
      type: "text",
      role: "combobox",
      "aria-label": "Search the documentation",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list.id,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      enterkeyhint: "search",
      maxlength: String(MAX_QUERY_LENGTH),
      placeholder: "Words, actions, error codes, settings",
    });
    set(status, { role: "status" });
    note.hidden = true;
    const close = element("button", "find-close");
    close.type = "button";
    close.textContent = "Close";
    const head = element("div", "find-head");
    head.append(field, close);
    dialog.append(head, list, note, status);
    document.body.append(dialog);

    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.live.stop());
    dialog.addEventListener("click", (event) => {
      // A click outside is one on the backdrop, which belongs to the dialog itself.
      if (event.target === dialog) dialog.close();
    });
    field.addEventListener("input", () => this.type());
    field.addEventListener("keydown", (event) => this.press(event));
    list.addEventListener("mousemove", (event) => this.activate(this.optionOf(event)));
    list.addEventListener("click", (event) => {
      const at = this.optionOf(event);
      if (at !== NONE) this.go(at, event.metaKey || event.ctrlKey);
    });
  }

  open(): void {
    if (!this.dialog.open) this.dialog.showModal();
    this.field.focus();
    this.field.select();
    // Closing the dialog ended the request for what the field contains.
    if (this.isStale) this.type();
  }

  private type(): void {
    this.isStale = true;
    this.isChosen = false;
    this.live.type(this.field.value);
  }

  private press(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.go(this.isStale && !this.isChosen ? NONE : this.active, event.metaKey || event.ctrlKey);
      return;
    }
    const next = nextActive(event.key, this.active, this.results.length);
    if (next === null) return;
    event.preventDefault();
    this.isChosen = true;
    this.activate(next);
    this.list.children[next]?.scrollIntoView({ block: "nearest" });
  }

  /** Opens a result, or the page of all results if there is none for the text of the field. */
  private go(at: number, inNewTab: boolean): void {
    const query = this.field.value.trim();
    const path = this.results[at]?.path ?? (query === "" ? null : searchPage(query));
    if (path === null) return;
    if (inNewTab) window.open(path, "_blank", "noopener");
    else {
      this.dialog.close();
      location.assign(path);
    }
  }

  private optionOf(event: MouseEvent): number {
    const option = event.target instanceof Element ? event.target.closest('[role="option"]') : null;
    return option === null ? NONE : [...this.list.children].indexOf(option);
  }

  private show(found: SearchResults | null): void {
    this.results = found?.results ?? [];
    this.isStale = false;
    this.isChosen = false;
    this.list.replaceChildren(...this.results.map(optionElement));
    this.field.setAttribute("aria-expanded", String(this.results.length > 0));
    this.list.scrollTop = 0;
    this.activate(0);
    this.status.textContent = found === null ? "" : announcement(this.results.length);
    const isMissing = found !== null && this.results.length === 0;
    const { suggestion = null } = found ?? {};
    const advice = suggestion === null ? "Search for fewer or other words." : `Do you mean “${suggestion}”?`;
    this.tell(isMissing ? `Nothing found. ${advice}` : "");
  }

  private tell(text: string): void {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  private activate(at: number): void {
    if (at < 0) return;
    this.active = at;
    for (const [index, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(index === at));
    }
    const option = this.list.children[at];
    if (option === undefined) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", option.id);
  }
}

function optionElement(result: SearchResult, at: number): HTMLElement {
  const option = element("li", "find-option");
  option.id = `find-option-${at}`;
  set(option, { role: "option", "aria-selected": "false" });
  const place = element("span", "find-place");
  place.textContent = placeOf(result);
  const name = element("span", "find-name");
  name.textContent = nameOf(result);
  const snippet = element("span", "find-snippet");
  snippet.append(
    ...snippetParts(result.snippet).map(({ text, marked }) => {
      if (!marked) return text;
      const mark = document.createElement("mark");
      mark.textContent = text;
      return mark;
    }),
  );
  option.append(place, name, snippet);
  return option;
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
): HTMLElementTagNameMap[Name] {
  const created = document.createElement(name);
  created.className = className;
  return created;
}

function set(target: Element, attributes: Record<string, string>): void {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value);
}
