// Hatch and dots, so that no state is shown by colour alone. Each chart has its own patterns with unique ids.

import { useId } from 'react';

export interface Patterns {
  hatch: string;
  dots: string;
  back: string;
}

/** The ids of one chart's patterns, as `fill` takes them. */
export function usePatterns(): Patterns {
  const id = useId().replace(/[^a-zA-Z0-9]/g, '');
  return { hatch: `hatch-${id}`, dots: `dots-${id}`, back: `back-${id}` };
}

export function fill(name: string): string {
  return `url(#${name})`;
}

export function PatternDefinitions({ hatch, dots, back }: Patterns) {
  return (
    <defs>
      <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" className="pattern-ground" />
        <rect width="3" height="6" className="pattern-ink" />
      </pattern>
      <pattern id={back} width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect width="1.5" height="7" className="pattern-quiet" />
      </pattern>
      <pattern id={dots} width="7" height="7" patternUnits="userSpaceOnUse">
        <circle cx="3.5" cy="3.5" r="1.25" className="pattern-quiet" />
      </pattern>
    </defs>
  );
}
