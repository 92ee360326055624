// Sets theme, text size and hand as attributes of the root element, which the styles use.

import { useLayoutEffect } from 'react';

import type { Preferences } from './preferences';

export function useAppearance({ theme, text_size, hand }: Preferences): void {
  useLayoutEffect(() => {
    const { dataset } = document.documentElement;
    dataset['theme'] = theme;
    dataset['text'] = text_size;
    dataset['hand'] = hand ?? 'right';
  }, [theme, text_size, hand]);
}
