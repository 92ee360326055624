// All strings of one language, gathered from the folders that use them.

import type { Messages } from '@lingui/core';

const catalogues = import.meta.glob<{ messages: Messages }>(['../*/locales/ru.po', '../pages/*/locales/ru.po'], {
  eager: true,
});

export const messages: Messages = Object.assign(
  {},
  ...Object.values(catalogues).map((catalogue) => catalogue.messages),
);
