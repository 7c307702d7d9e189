/**
 * Grafana 9.2. Its schema has the common options and the custom field options, typed; how panels put
 * them together was only typed in 10.0, so that is said here. Dashboards were first typed in 9.3.
 */
import type { Nothing } from '../../types/dashboard';
import type * as schema from '@grafana/schema';

export interface Kinds {
  stat: [
    schema.SingleStatBaseOptions & {
      colorMode: schema.BigValueColorMode;
      graphMode: schema.BigValueGraphMode;
      justifyMode: schema.BigValueJustifyMode;
      textMode: schema.BigValueTextMode;
    },
    Nothing,
  ];
  bargauge: [
    schema.SingleStatBaseOptions & {
      displayMode: schema.BarGaugeDisplayMode;
      minVizHeight: number;
      minVizWidth: number;
      showUnfilled: boolean;
    },
    Nothing,
  ];
  timeseries: [schema.OptionsWithLegend & schema.OptionsWithTooltip, schema.GraphFieldConfig];
  table: [
    {
      frameIndex: number;
      showHeader: boolean;
      showTypeIcons: boolean;
      sortBy: schema.TableSortByFieldState[];
    },
    schema.TableFieldOptions,
  ];
  text: [{ content: string; mode: 'html' | 'markdown' }, Nothing];
}
