/** Stands at the head of pages and pictures that we write where a user says: we replace them, and no other files. */
export const outputMark = '<!-- Made by Budgetline -->';
