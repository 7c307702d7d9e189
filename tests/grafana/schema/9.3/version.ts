/** Grafana 9. Its schema has no queries: 10's stands for them. */
import type { PrometheusDataQuery } from '../10.0/version';
import type { Kinds } from '../9.2/kinds';
import type * as schema from '@grafana/schema';

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
  kinds: Kinds;
}
