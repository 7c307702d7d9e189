/** Grafana 10.0, the first whose schema has the kinds of panels and Prometheus' query. */
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type { Nothing } from '../../types/dashboard';
import type * as schema from '@grafana/schema';

import type { PrometheusDataQuery } from '@grafana/schema/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen';

export type { PrometheusDataQuery };

export interface Version {
  Dashboard: schema.Dashboard;
  DashboardLink: schema.DashboardLink;
  FieldColor: schema.FieldColor;
  FieldConfig: schema.FieldConfig;
  Panel: schema.Panel;
  PrometheusDataQuery: PrometheusDataQuery;
  RowPanel: schema.RowPanel;
  ValueMappingResult: schema.ValueMappingResult;
  VariableModel: schema.VariableModel;
  kinds: {
    stat: [stat.Options, Nothing];
    bargauge: [bargauge.Options, Nothing];
    timeseries: [timeseries.Options, timeseries.FieldConfig];
    table: [table.Options, schema.TableFieldOptions];
    text: [text.Options, Nothing];
  };
}
