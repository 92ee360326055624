// Keeps a number and the word that it counts on one line: "2 errors" never breaks, in any language or string.

import type { Messages } from '@lingui/core';

const NBSP = '\u00a0';

/** Inserts a no-break space after every plural count of compiled messages. */
export function tieNumbers(messages: Messages): Messages {
  return tie(messages) as Messages;
}

function tie(part: unknown): unknown {
  if (Array.isArray(part)) {
    return part.map((item: unknown, index) =>
      typeof item === 'string' && part[index - 1] === '#' ? item.replace(/^ /, NBSP) : tie(item),
    );
  }
  if (typeof part === 'object' && part !== null) {
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, tie(value)]));
  }
  return part;
}
