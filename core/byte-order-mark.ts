/** A file's text as it is read: editors of Windows and spreadsheets put a byte-order mark before the first line. */
export const withoutByteOrderMark = (text: string): string => text.replace(/^\ufeff/, '');
