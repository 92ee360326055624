import { setupI18n } from '@lingui/core';
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { describe, expect, it } from 'vitest';

import { makeFormat } from './format';
import { tieNumbers } from './tie';

const errors = '{n, plural, one {# ошибка} few {# ошибки} many {# ошибок} other {# ошибки}}';

function say(n: number): string {
  const i18n = setupI18n({ locale: 'ru', messages: { ru: tieNumbers({ errors: compileMessage(errors) }) } });
  return i18n._('errors', { n });
}

describe('Russian plurals', () => {
  it.each([
    [0, '0\u00a0ошибок'],
    [1, '1\u00a0ошибка'],
    [2, '2\u00a0ошибки'],
    [5, '5\u00a0ошибок'],
    [11, '11\u00a0ошибок'],
    [21, '21\u00a0ошибка'],
    [1.5, '1,5\u00a0ошибки'],
    [1204, '1\u00a0204\u00a0ошибки'],
  ])('of %d', (n, words) => {
    expect(say(n)).toBe(words);
  });
});

describe('formats', () => {
  const en = makeFormat('en', 'Europe/Moscow');
  const ru = makeFormat('ru', 'Europe/Moscow');

  it('keep a number and its unit together', () => {
    expect(en.unit(182, 'ms')).toBe('182\u00a0ms');
    expect(ru.unit(44.9, 'ms', 1)).toBe('44,9\u00a0мс');
    expect(en.number(1204)).toBe('1,204');
  });

  it('show what is not known as a dash', () => {
    expect(en.unit(null, 'percent')).toBe('–');
  });

  it('write a date of the server out, whatever the zone of the browser', () => {
    expect(en.date('2026-01-15', 'long')).toBe('January\u00a015, 2026');
    expect(ru.date('2026-01-15', 'full')).toBe('четверг, 15\u00a0января 2026\u00a0г.');
  });

  it('show an instant on the clock of the zone', () => {
    expect(en.time('2026-01-15T21:30:00Z')).toBe('00:30');
  });

  it('say how long ago in the largest units that matter', () => {
    expect(en.age(59)).toBe('<\u00a01\u00a0min');
    expect(en.age(12 * 60)).toBe('12\u00a0min');
    expect(en.age(3 * 3600 + 300)).toBe('3\u00a0h 5\u00a0min');
    expect(en.age(3 * 86400)).toBe('3 days');
    expect(ru.age(5 * 86400)).toBe('5 дней');
  });
});
