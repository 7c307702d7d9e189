/** From Prometheus' answers to data frames, as Grafana's Prometheus data source makes them. */
import { createDataFrame, FieldType, type DataFrame, type FieldDTO } from '@grafana/data';
import type { Answer, Panel, Series, Target } from './model';

export function framesOf(panel: Panel, answers: Record<string, Answer>): DataFrame[] {
  const targets = panel.targets ?? [];
  return targets.flatMap((target) => {
    const answer = answers[target.refId];
    if (!answer || !answer.series.length) {
      return [];
    }
    return target.format === 'table'
      ? [tableOf(target, answer.series, targets.length > 1)]
      : answer.series.map((series) => lineOf(target, series, answer.step));
  });
}

/** One frame a series, called by its legend. */
function lineOf(target: Target, series: Series, step: number): DataFrame {
  return createDataFrame({
    refId: target.refId,
    fields: [
      {
        name: 'Time',
        type: FieldType.time,
        // Grafana interrupts a line where values are further apart than this.
        config: step ? { interval: step * 1000 } : {},
        values: series.values.map(([seconds]) => seconds * 1000),
      },
      {
        name: 'Value',
        type: FieldType.number,
        labels: series.metric,
        config: { displayNameFromDS: legendOf(target, series.metric) },
        values: series.values.map(([, value]) => (step ? finite(value) : number(value))),
      },
    ],
  });
}

/** Undefined: Grafana makes a name of the labels. */
function legendOf(target: Target, labels: Record<string, string>): string | undefined {
  if (target.legendFormat === '__auto') {
    return Object.keys(labels).length ? undefined : target.expr;
  }
  return target.legendFormat.replace(/{{\s*(\w+)\s*}}/g, (_, name: string) => labels[name] ?? '');
}

/** All series of a target in one frame: the time, a column for each label, the value. */
function tableOf(target: Target, all: Series[], several: boolean): DataFrame {
  const last = all.map((series) => series.values[series.values.length - 1]!);
  const labels = [...new Set(all.flatMap((series) => Object.keys(series.metric)))].sort();
  const columns: FieldDTO[] = labels.map((name) => ({
    name,
    type: FieldType.string,
    config: { filterable: true },
    values: all.map((series) => series.metric[name] ?? ''),
  }));
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: last.map(([seconds]) => seconds * 1000) },
      ...columns,
      {
        name: several ? `Value #${target.refId}` : 'Value',
        type: FieldType.number,
        values: last.map(([, value]) => number(value)),
      },
    ],
  });
}

function number(value: string): number {
  return value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
}

/** A graph has a gap where a value is none. */
function finite(value: string): number | null {
  const found = number(value);
  return Number.isFinite(found) ? found : null;
}
