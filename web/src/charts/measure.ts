// The width that a chart may take and the size of the page's text, both followed while they change: a chart is drawn for the pixels
// that it gets, so that its letters are as large as the text around it.

import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

export interface Size {
  width: number;
  /** The size of the page's text in pixels. */
  rem: number;
}

/** Before the first layout, and where there is none. */
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
