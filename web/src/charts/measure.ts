// The width available to a chart and the page's text size, both tracked as they change: a chart is drawn at its actual
// pixel size, so that its text is as large as the text around it.

import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

export interface Size {
  width: number;
  /** The page's text size in pixels. */
  rem: number;
}

/** The size before the first layout, and in environments without layout. */
const UNMEASURED: Size = { width: 640, rem: 16 };

export function useSize<E extends HTMLElement>(): [RefObject<E | null>, Size] {
  const element = useRef<E>(null);
  const [size, setSize] = useState(UNMEASURED);
  useLayoutEffect(() => {
    const current = element.current;
    if (current === null || typeof ResizeObserver === 'undefined') {
      return;
    }
    const measure = () => {
      const width = Math.floor(current.getBoundingClientRect().width);
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || UNMEASURED.rem;
      if (width > 0) {
        setSize((before) => (before.width === width && before.rem === rem ? before : { width, rem }));
      }
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return [element, size];
}
