/** The dashboards' type in each version of Grafana that is checked. */
import type { Version as Version9 } from '../schema/9.3/version';
import type { Version as Version10 } from '../schema/10.0/version';
import type { Version as Version11 } from '../schema/11.6/version';
import type { Version as Version12 } from '../schema/12.4/version';
import type {
  Dashboard,
  DatasourceVariable,
  QueryVariable,
  TextboxVariable,
  Version,
} from './dashboard';
import type { Part } from './plain';

export type Grafana9 = Dashboard<Version9>;
export type Grafana10 = Dashboard<Version10>;
export type Grafana11 = Dashboard<Version11>;
export type Grafana12 = Dashboard<Version12>;

type Ours<V extends Version> = DatasourceVariable<V> | QueryVariable<V> | TextboxVariable<V>;

type Known<V extends Version> = Omit<Part<V['VariableModel']>, 'query' | 'datasource'>;

/** What is said of variables here agrees with what later versions know of them. */
export const agreed: {
  10: (variable: Ours<Version10>) => Known<Version10>;
  11: (variable: Ours<Version11>) => Known<Version11>;
  12: (variable: Ours<Version12>) => Known<Version12>;
} = { 10: (v) => v, 11: (v) => v, 12: (v) => v };
