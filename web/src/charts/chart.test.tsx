// @vitest-environment happy-dom

import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { HourColumns } from './hour-columns';
import type { HourOfDay } from './hours';

const empty = { response: null, battery: null, lowest: null, last: null, errors: null };

const hours: HourOfDay[] = [
  { ...empty, hour: 'a', label: '00:00', name: '00:00', state: 'no_movements', movements: 0 },
  { ...empty, hour: 'b', label: '01:00', name: '01:00', state: 'complete', movements: 145 },
  { ...empty, hour: 'c', label: '02:00', name: '02:00', state: 'running', movements: 1 },
  { ...empty, hour: 'd', label: '03:00', name: '03:00', state: 'newer_than_data', movements: null },
];

function show(onPage = vi.fn()) {
  render(
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={new QueryClient()}>
        <HourColumns finding="A finding." day="Friday" hours={hours} onPage={onPage} />
      </QueryClientProvider>
    </I18nProvider>,
  );
  return { chart: screen.getByRole('application'), onPage };
}

beforeEach(() => i18n.loadAndActivate({ locale: 'en', messages: {} }));
afterEach(cleanup);

describe('a chart of hours', () => {
  it('reads each hour out in words, and each state in words of its own', () => {
    const { chart } = show();
    const said = ['Home', 'ArrowRight', 'ArrowRight', 'ArrowRight'].map((key) => {
      fireEvent.keyDown(chart, { key });
      return chart.nextElementSibling?.querySelector('p')?.textContent;
    });
    expect(said).toEqual([
      'From 00:00: no movements recorded',
      'From 01:00: 145 movements',
      'From 02:00: 1 movement so far, the hour is not over yet',
      'From 03:00: not covered by the data yet',
    ]);
  });

  it('is one tab stop, and Escape goes on to the button behind it', () => {
    const { chart } = show();
    const figure = screen.getByRole('figure');
    const stops = [...figure.querySelectorAll<HTMLElement>('[tabindex="0"], button:not([tabindex="-1"])')];
    expect(stops).toHaveLength(2);
    fireEvent.keyDown(chart, { key: 'Escape' });
    expect(document.activeElement).toBe(stops[1]);
  });

  it('PageUp and PageDown turn the day', () => {
    const { chart, onPage } = show();
    fireEvent.keyDown(chart, { key: 'PageUp' });
    fireEvent.keyDown(chart, { key: 'PageDown' });
    expect(onPage.mock.calls).toEqual([[-1], [1]]);
  });

  it('leaves keys with modifiers to the browser', () => {
    const { chart } = show();
    expect(fireEvent.keyDown(chart, { key: 'ArrowLeft', altKey: true })).toBe(true);
    expect(fireEvent.keyDown(chart, { key: 'ArrowLeft' })).toBe(false);
  });

  it('shows the same as a table', () => {
    show();
    fireEvent.click(screen.getByRole('button', { name: /Show as table/ }));
    expect(screen.queryByRole('application')).toBeNull();
    const rows = screen.getAllByRole('row').map((row) => row.textContent);
    expect(rows).toEqual([
      'HourMovements',
      '00:00no movements recorded',
      '01:00145',
      '02:001 so far',
      '03:00not covered by the data yet',
    ]);
  });

  it('draws no column where there is no number, and another mark for each reason', () => {
    const { chart } = show();
    expect(chart.querySelectorAll('.chart-column')).toHaveLength(1);
    expect(chart.querySelectorAll('.chart-column-running')).toHaveLength(1);
    expect(chart.querySelectorAll('.chart-empty')).toHaveLength(1);
    expect(chart.querySelectorAll('rect[fill^="url(#dots"]')).toHaveLength(1);
  });
});
