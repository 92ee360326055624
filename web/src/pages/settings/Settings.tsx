// The settings and the account's sessions. Each choice is saved immediately.

import { Trans, useLingui } from '@lingui/react/macro';

import { LANGUAGE_NAMES } from '../../i18n/i18n';
import { useOnline } from '../../offline/online';
import { PageHead } from '../../parts/PageHead';
import { ProblemPanel } from '../../parts/ProblemPanel';
import { type Preferences, useChangePreferences, usePreferences } from '../../preferences/preferences';
import { useAnnounce } from '../../shell/Announcer';
import { useHere } from '../../shell/MeContext';
import { Choice } from './Choice';
import { Sessions } from './Sessions';
import './settings.css';
import { ZoneSetting } from './ZoneSetting';

export default function Settings() {
  const { t, i18n } = useLingui();
  const announce = useAnnounce();
  const chosen = usePreferences();
  const change = useChangePreferences();
  const { offline } = useHere();
  const fixed = !useOnline() || offline;
  const save = (part: Partial<Preferences>) => change.mutate(part, { onSuccess: () => announce(t`Saved`) });

  return (
    <>
      <PageHead title={t`Settings`} />
      {change.isError && <ProblemPanel error={change.error} />}
      <div className="settings">
        <ZoneSetting zone={chosen.timezone ?? ''} fixed={fixed} save={(timezone) => save({ timezone })} />
        <Choice
          name="language"
          title={t`Language`}
          value={chosen.language ?? i18n.locale}
          options={[
            { value: 'ru', label: LANGUAGE_NAMES.ru, lang: 'ru' },
            { value: 'en', label: LANGUAGE_NAMES.en, lang: 'en' },
          ]}
          fixed={fixed}
          save={(language) => save({ language })}
        />
        <Choice
          name="theme"
          title={t`Colours`}
          value={chosen.theme}
          options={[
            { value: 'system', label: t`Same as this device` },
            { value: 'light', label: t`Light` },
            { value: 'dark', label: t`Dark` },
          ]}
          fixed={fixed}
          save={(theme) => save({ theme })}
        />
        <Choice
          name="text_size"
          title={t`Text size`}
          value={chosen.text_size}
          options={[
            { value: 'normal', label: t`Normal` },
            { value: 'large', label: t`Large` },
            { value: 'larger', label: t`Larger` },
          ]}
          fixed={fixed}
          save={(text_size) => save({ text_size })}
        />
        <Choice
          name="hand"
          title={t`The hand you use the device with`}
          hint={t`The buttons at the bottom of the screen move to that side.`}
          value={chosen.hand ?? 'right'}
          options={[
            { value: 'left', label: t`Left` },
            { value: 'right', label: t`Right` },
          ]}
          fixed={fixed}
          save={(hand) => save({ hand })}
        />
        <Sessions />
      </div>
      <p className="muted">
        <Trans>These settings are saved with your account, so they are the same on every device.</Trans>
      </p>
    </>
  );
}
