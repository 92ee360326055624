// Calls whose description the OpenAPI document does not hold yet. Each goes when the generated client has it.

import { call } from './call';

export interface Preferences {
  timezone: string | null;
  language: 'ru' | 'en' | null;
  theme: 'system' | 'light' | 'dark';
  text_size: 'normal' | 'large' | 'larger';
  hand: 'left' | 'right' | null;
}

export const getPreferences = (options?: RequestInit) => call<Preferences>('/api/preferences', options);

export const putPreferences = (preferences: Preferences) =>
  call<Preferences>('/api/preferences', {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(preferences),
  });
