/**
 * The dashboards' type, composed of the types of one version of @grafana/schema.
 *
 * Where these are open (`Record<string, unknown>`) the types here are closed, and where they list
 * more than is used here only what is used is taken: everything else is a mistake.
 */
import type { Part, Plain } from './plain';

/** For kinds of panels without custom field options. */
export type Nothing = Record<string, never>;

/** What a version of Grafana's schema gives: [options, custom field options] of each kind. */
export interface Version {
  Dashboard: object;
  DashboardLink: object;
  FieldColor: object;
  FieldConfig: object;
  Panel: object;
  PrometheusDataQuery: object;
  RowPanel: object;
  ValueMappingResult: object;
  VariableModel: object;
  kinds: Record<Kind | 'text', [options: object, custom: object]>;
}

type Kind = 'stat' | 'bargauge' | 'timeseries' | 'table';

export type Dashboard<V extends Version> = Take<
  V['Dashboard'],
  'uid' | 'title' | 'description' | 'tags' | 'editable' | 'graphTooltip' | 'time' | 'timezone'
> & {
  schemaVersion: 37;
  refresh?: string;
  annotations: { list: never[] };
  links: Plain<V['DashboardLink']>[];
  templating: { list: (DatasourceVariable<V> | QueryVariable<V> | TextboxVariable<V>)[] };
  panels: (QueryPanel<V> | TextPanel<V> | Row<V>)[];
};

type QueryPanel<V extends Version> = {
  [K in Kind]: PanelFrame<V> & {
    type: K;
    datasource: Datasource;
    targets: Target<V>[];
    options: Part<V['kinds'][K][0]>;
    fieldConfig: FieldConfig<V, V['kinds'][K][1]>;
    transformations?: Transformation[];
  };
}[Kind];

type TextPanel<V extends Version> = PanelFrame<V> & {
  type: 'text';
  options: Part<V['kinds']['text'][0]>;
};

type Row<V extends Version> = Take<V['RowPanel'], 'id' | 'title' | 'collapsed' | 'gridPos'> & {
  type: 'row';
  panels: never[];
};

type PanelFrame<V extends Version> = Take<V['Panel'], 'id' | 'title' | 'description' | 'gridPos'>;

type Target<V extends Version> = Take<
  V['PrometheusDataQuery'],
  'refId' | 'expr' | 'format' | 'instant' | 'range' | 'legendFormat' | 'editorMode'
> & { datasource: Datasource };

type Datasource = { type: 'prometheus'; uid: '${datasource}' };

type FieldConfig<V extends Version, Custom> = {
  defaults: Take<V['FieldConfig'], 'unit' | 'noValue'> &
    Partial<Take<V['FieldConfig'], 'decimals' | 'min' | 'max'>> & {
      color: Plain<V['FieldColor']>;
      custom: Part<Custom>;
      links?: DataLink[];
      mappings: ValueMap<V>[];
      thresholds: Thresholds;
    };
  overrides: {
    matcher: { id: 'byName' | 'byFrameRefID'; options: string };
    properties: (Property<V> | CustomProperty<Custom>)[];
  }[];
};

type Property<V extends Version> =
  | { id: 'displayName' | 'noValue' | 'unit'; value: string }
  | { id: 'color'; value: Plain<V['FieldColor']> }
  | { id: 'links'; value: DataLink[] }
  | { id: 'mappings'; value: ValueMap<V>[] }
  | { id: 'thresholds'; value: Thresholds };

type CustomProperty<Custom> = {
  [K in keyof Custom & string]-?: { id: `custom.${K}`; value: Part<NonNullable<Custom[K]>> };
}[keyof Custom & string];

/** Grafana's schema leaves links of fields open; this is what its data links read. */
type DataLink = { title: string; url: string; targetBlank: boolean };

type ValueMap<V extends Version> = {
  type: 'value';
  options: Record<string, Plain<V['ValueMappingResult']>>;
};

/** Grafana writes the first step's value, minus infinity, as null; its older types do not say so. */
type Thresholds = { mode: 'absolute'; steps: { color: Colour; value: number | null }[] };

type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text';

/** Grafana's schema leaves transformations open. */
type Transformation =
  | { id: 'merge'; options: Record<string, never> }
  | {
      id: 'organize';
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    };

/** Grafana's schema has one model for all variables, and the older ones know half of its fields. */
type VariableFrame<V extends Version> = Take<V['VariableModel'], 'name' | 'label'> & {
  current: { selected: boolean; text: string | string[]; value: string | string[] };
  hide: 0 | 1 | 2;
  includeAll: boolean;
  multi: boolean;
  options: never[];
  refresh: 1 | 2;
  regex: string;
  skipUrlSync: boolean;
};

export type TextboxVariable<V extends Version> = Take<V['VariableModel'], 'name' | 'label'> & {
  type: 'textbox';
  query: string;
  hide: 0 | 1 | 2;
  skipUrlSync: boolean;
  options: [{ selected: boolean; text: string; value: string }];
  current: { selected: boolean; text: string; value: string };
};

export type DatasourceVariable<V extends Version> = VariableFrame<V> & {
  type: 'datasource';
  query: 'prometheus';
};

export type QueryVariable<V extends Version> = VariableFrame<V> & {
  type: 'query';
  allValue: string;
  datasource: Datasource;
  definition: string;
  query: { query: string; refId: string };
  sort: 0 | 1 | 2 | 3 | 4;
};

/** Some fields of a type, all of them there. */
type Take<T, Keys extends string> = {
  [Key in Keys]-?: Key extends keyof T ? Plain<NonNullable<T[Key]>> : never;
};
