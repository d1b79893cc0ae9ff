export const opening = 'In short:';
export const closing = 'That is all.';
