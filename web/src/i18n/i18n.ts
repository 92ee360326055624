// The two languages: the active one, and its strings, one file per language.

import { i18n, type Messages } from '@lingui/core';

import { tieNumbers } from './tie';

export const LANGUAGES = ['en', 'ru'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language's own name. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', ru: 'Русский' };

const strings: Record<Language, () => Promise<{ messages: Messages }>> = {
  en: () => import('./strings.en'),
  ru: () => import('./strings.ru'),
};

/** Loads and activates `language` for the whole app. */
export async function speak(language: Language): Promise<void> {
  if (i18n.locale !== language) {
    const { messages } = await strings[language]();
    i18n.loadAndActivate({ locale: language, messages: tieNumbers(messages) });
  }
  document.documentElement.lang = language;
}

/** Returns the language of the browser, used until one is chosen. */
export function browserLanguage(): Language {
  for (const wanted of navigator.languages) {
    const language = LANGUAGES.find((known) => wanted.toLowerCase().startsWith(known));
    if (language !== undefined) {
      return language;
    }
  }
  return 'en';
}
