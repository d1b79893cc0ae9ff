/**
 * Control characters of C0 (but the line feed), DEL and C1, and characters that change the order of text or have no width.
 * The joiners of scripts and emoji are left.
 */
const hidden =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/**
 * Text of others for a terminal or a page: what would move a cursor, clear a screen or reorder text is written as \uXXXX.
 */
export const visibleText = (text: string): string =>
  text.replace(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
