// The language, for somebody whose choice is not known yet. Each is named in itself.

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
