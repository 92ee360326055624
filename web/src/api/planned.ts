// Calls whose description the OpenAPI document does not hold yet. Each goes when the generated client has it.

import { call } from './call';

export type PointState = 'complete' | 'no_movements' | 'running' | 'newer_than_data' | 'before_first_data';

export interface Band {
  median: number;
  low: number;
  high: number;
  days: number;
}

export interface Usual {
  from: string;
  to: string;
  days_with_data: number;
  min_days: number;
  low_quantile: number;
  high_quantile: number;
  movements: Band | null;
  usage_hours: Band | null;
  avg_response_time_ms: Band | null;
  avg_battery_level: Band | null;
  lowest_battery_level: Band | null;
  errors: Band | null;
  errors_per_1000_movements: Band | null;
}

export interface DayHour {
  hour: string;
  label: string;
  offset: string;
  state: PointState;
}

interface Place {
  today: string;
  is_today: boolean;
  state: PointState;
  previous_day: string | null;
  next_day: string | null;
  previous_date_with_data: string | null;
  next_date_with_data: string | null;
  hours: DayHour[];
}

export interface HourFigures {
  hour: string;
  movements_count: number;
  avg_response_time: number | null;
  battery_level: number | null;
  lowest_battery_level: number | null;
  last_battery_level: number | null;
  error_count: number;
}

export interface DayReport extends Place {
  date: string;
  user: string;
  prosthesis_model: string;
  chip_id: string;
  timezone: string;
  data_as_of: string | null;
  summary: {
    total_movements: number;
    avg_response_time_ms: number | null;
    avg_battery_level: number | null;
    lowest_battery_level: number | null;
    last_battery_level: number | null;
    total_errors: number;
    errors_per_1000_movements: number | null;
    uptime_hours: number;
  };
  hourly_data: HourFigures[];
  prostheses: { prosthesis_id: string; chip_id: string; prosthesis_model: string; total_movements: number }[];
  computed_at: string;
  usual: Usual;
}

export interface CalendarDay extends Place {
  date: string;
  first_date_with_data: string | null;
}

export interface Freshness {
  state: 'fresh' | 'stale' | 'unknown';
  data_as_of: string | null;
  received_at: string | null;
  age_s: number | null;
  schedule_s: number;
  stale_after_s: number;
  server_time: string;
  timezone: string;
  today: string;
  data_date: string | null;
}

export interface Preferences {
  timezone: string | null;
  language: 'ru' | 'en' | null;
  theme: 'system' | 'light' | 'dark';
  text_size: 'normal' | 'large' | 'larger';
  hand: 'left' | 'right' | null;
}

export interface Prosthesis {
  prosthesis_id: string;
  prosthesis_model: string;
  chip_id: string;
  serial_last_four: string | null;
  is_current: boolean;
  owned_since: string | null;
  owned_until: string | null;
  first_data_at: string | null;
  last_data_at: string | null;
  manufactured_on: string | null;
  warranty_until: string | null;
}

interface Of {
  tz: string;
  prosthesis_id?: string;
}

const query = (parameters: object) => new URLSearchParams(Object.entries(parameters)).toString();

export const getReport = (date: string, of: Of, options?: RequestInit) =>
  call<DayReport>(`/api/reports/${encodeURIComponent(date)}?${query(of)}`, options);

export const getCalendarDay = (date: string, of: Of, options?: RequestInit) =>
  call<CalendarDay>(`/api/calendar/${encodeURIComponent(date)}?${query(of)}`, options);

export const getFreshness = (of: { tz: string }, options?: RequestInit) =>
  call<Freshness>(`/api/freshness?${query(of)}`, options);

export const listProstheses = (options?: RequestInit) => call<{ prostheses: Prosthesis[] }>('/api/prostheses', options);

export const getPreferences = (options?: RequestInit) => call<Preferences>('/api/preferences', options);

export const putPreferences = (preferences: Preferences) =>
  call<Preferences>('/api/preferences', {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(preferences),
  });

export const getExportHoursUrl = (of: Of & { from: string; to: string }) => `/api/reports/export?${query(of)}`;
