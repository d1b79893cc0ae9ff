import { visibleText } from '../core/visible-text';

/** Text that is already HTML. Only `html` creates it; all other interpolated text is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for element content and quoted attributes; control characters become visible. */
export function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

type Part = Html | string | number | readonly Part[] | null | undefined;

function renderPart(part: Part): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return part.map(renderPart).join('');
}

/** A template whose interpolations are escaped unless they are HTML themselves. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, index) => text + renderPart(parts[index])).join(''));
}

/** Our own markup, such as a rendered chart. Never for text from outside. */
export function trustedHtml(text: string): Html {
  return new Html(text);
}
