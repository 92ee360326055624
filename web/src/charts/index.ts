// The charts that pages may use. Everything else in this folder is private to the charts.

import './charts.css';

export { DayColumns } from './day-columns';
export { type DayFigure, useDayWords } from './day-words';
export { HourColumns } from './hour-columns';
export { HourPanels } from './hour-panels';
export { type HourOfDay, hoursOfDay } from './hours';
export { MonthGrid } from './month-grid';
export { type Pair, PairedBars } from './paired-bars';
export type { Cursor } from './plot';
export type { PointState } from './states';
export { TypicalHours } from './typical-hours';
export { months } from './weeks';
