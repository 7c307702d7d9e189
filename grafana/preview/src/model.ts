/** What a picture is drawn from: a dashboard's JSON, as far as it is looked at, and the answers. */
import type { DataTransformerConfig, FieldConfigSource, ReduceDataOptions } from '@grafana/data';
import type { VizLegendOptions, VizOrientation, VizTextDisplayOptions } from '@grafana/schema';
import type { TableSortByFieldState } from '@grafana/ui';

export interface Job {
  dashboard: Dashboard;
  /** By panel's id and target's refId. */
  answers: Record<string, Record<string, Answer>>;
  from: number;
  to: number;
  theme: 'dark' | 'light';
  width: number;
  timeZone: string;
}

export interface Answer {
  series: Series[];
  /** Seconds between the values of a range; 0: these are values of now. */
  step: number;
  /** What Prometheus had against the query. */
  error?: string;
}

/** A series of Prometheus' answer, of now with one value. */
export interface Series {
  metric: Record<string, string>;
  values: [seconds: number, value: string][];
}

export interface Dashboard {
  title: string;
  panels: Panel[];
  templating: { list: { label: string; current: { text: string | string[] } }[] };
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  options: Options;
  fieldConfig: FieldConfigSource;
  transformations?: DataTransformerConfig[];
  /** What a collapsed row holds. */
  panels?: Panel[];
}

export interface Target {
  refId: string;
  expr: string;
  format: 'table' | 'time_series';
  legendFormat: string;
}

/** The options of all kinds of panels that the dashboards have; each uses its own. */
export interface Options {
  reduceOptions: ReduceDataOptions;
  orientation: VizOrientation;
  colorMode: string;
  graphMode: string;
  justifyMode: string;
  textMode: string;
  text?: VizTextDisplayOptions;
  displayMode: string;
  showUnfilled: boolean;
  legend: VizLegendOptions;
  sortBy: TableSortByFieldState[];
  content: string;
}
