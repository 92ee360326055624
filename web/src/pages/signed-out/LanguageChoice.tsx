// Selects the language while the account's choice is unknown. Each language is shown by its own name.

import { useLingui } from '@lingui/react';

import { LANGUAGE_NAMES, LANGUAGES, speak } from '../../i18n/i18n';

export function LanguageChoice() {
  const { i18n } = useLingui();
  return (
    <ul className="language-choice">
      {LANGUAGES.map((language) => (
        <li key={language}>
          <button
            type="button"
            lang={language}
            aria-pressed={i18n.locale === language}
            onClick={() => void speak(language)}
          >
            {LANGUAGE_NAMES[language]}
          </button>
        </li>
      ))}
    </ul>
  );
}
