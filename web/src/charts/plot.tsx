// A drawing of equal columns that is read point by point: one tab stop, arrow keys inside, a tap anywhere in a column,
// and a line below with the values in words. The drawing itself is hidden from screen readers, which read that line.

import { useLingui } from '@lingui/react/macro';
import { useId, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';

import { useAnnounce } from '../shell/Announcer';
import { round } from './axes';
import { move } from './cursor';
import { useSize } from './measure';
import { columnAt, type Box } from './scales';

/** The selected point and its setter; shared between charts of the same hours. */
export interface Cursor {
  at: number | undefined;
  go: (to: number | undefined) => void;
}

export interface Drawing {
  box: Box;
  width: number;
  height: number;
  rem: number;
}

export interface PlotProps {
  /** The accessible name of the drawing. */
  title: string;
  /** The text of each point, first to last. */
  spoken: readonly string[];
  /** The height in rem. */
  height: number;
  /** The space for the numbers on the left, in rem. */
  gutter?: number | undefined;
  /** Set if the readout may wrap to several lines on a narrow screen: space is reserved for them. */
  tall?: boolean | undefined;
  cursor?: Cursor | undefined;
  /** Turns the page of data: to the previous or the next day. */
  onPage?: ((direction: -1 | 1) => void) | undefined;
  leave: () => void;
  renderMarks: (drawing: Drawing) => ReactNode;
}

export function Plot({
  title,
  spoken,
  height,
  gutter = 3.2,
  tall = false,
  cursor,
  onPage,
  leave,
  renderMarks,
}: PlotProps) {
  const { t } = useLingui();
  const announce = useAnnounce();
  const keys = useId();
  const [frame, { width, rem }] = useSize<HTMLDivElement>();
  const [own, setOwn] = useState<number | undefined>(undefined);
  const at = cursor === undefined ? own : cursor.at;
  const go = cursor?.go ?? setOwn;
  const pixels = Math.round(height * rem);
  const box: Box = {
    left: gutter * rem,
    right: width - 2,
    top: 0.75 * rem,
    bottom: pixels - 1.6 * rem,
  };

  const say = (to: number) => {
    go(to);
    // Hovering changes the readout without an announcement; a key or a tap announces it.
    announce(spoken[to] ?? '');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) {
      return;
    }
    const next = move(event.key, at, { count: spoken.length, pages: onPage !== undefined });
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    if (next === 'leave') {
      go(undefined);
      leave();
    } else if ('page' in next) {
      onPage?.(next.page);
    } else {
      say(next.to);
    }
  };
  const under = (event: PointerEvent<SVGSVGElement>) => {
    const rectangle = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - rectangle.left) / Math.max(rectangle.width, 1)) * width;
    return columnAt(x, spoken.length, box);
  };
  const step = (box.right - box.left) / Math.max(spoken.length, 1);

  return (
    <>
      {/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex -- an application takes keys */}
      <div
        ref={frame}
        className="chart-plot"
        role="application"
        aria-roledescription={t`chart`}
        aria-label={title}
        aria-describedby={keys}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <svg
          aria-hidden="true"
          focusable="false"
          viewBox={`0 0 ${width} ${pixels}`}
          onPointerUp={(event) => say(under(event))}
          onPointerMove={(event) => event.pointerType === 'mouse' && go(under(event))}
        >
          {renderMarks({ box, width, height: pixels, rem })}
          {at !== undefined && at < spoken.length && (
            <rect
              className="chart-cursor"
              x={round(box.left + at * step)}
              width={round(step)}
              y={box.top - 4}
              height={box.bottom - box.top + 8}
              rx="2"
            />
          )}
        </svg>
      </div>
      <Readout
        id={keys}
        tall={tall}
        text={at === undefined ? undefined : spoken[at]}
        turn={(by) => {
          const next = move(by > 0 ? 'ArrowRight' : 'ArrowLeft', at, { count: spoken.length });
          if (next !== undefined && next !== 'leave' && 'to' in next) {
            say(next.to);
          }
        }}
      />
    </>
  );
}

interface ReadoutProps {
  id: string;
  tall: boolean;
  text: string | undefined;
  turn: (by: -1 | 1) => void;
}

/**
 * The values of the selected point in words, at a constant height. Its buttons do the same as the arrow keys, for
 * touch and voice control.
 */
function Readout({ id, tall, text, turn }: ReadoutProps) {
  const { t } = useLingui();
  return (
    <div className={tall ? 'chart-readout chart-readout-tall' : 'chart-readout'}>
      <button type="button" tabIndex={-1} aria-label={t`Previous value`} onClick={() => turn(-1)}>
        ‹
      </button>
      <p>{text ?? t`Choose a column to read its values.`}</p>
      <button type="button" tabIndex={-1} aria-label={t`Next value`} onClick={() => turn(1)}>
        ›
      </button>
      <span id={id} hidden>
        {t`The arrow keys, Home and End move along the chart. Escape leaves it.`}
      </span>
    </div>
  );
}
