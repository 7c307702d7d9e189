/** Transformations, and what a panel says of its fields: units, colours, names, thresholds. */
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  type DataFrame,
  type DataTransformerInfo,
  type FieldConfigPropertyItem,
  FieldConfigOptionsRegistry,
  type FieldConfigSource,
  type GrafanaTheme2,
  identityOverrideProcessor,
  locationUtil,
  numberOverrideProcessor,
  standardTransformers,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom, of } from 'rxjs';
import type { Panel } from './model';

type Process = FieldConfigPropertyItem['process'];

const STANDARD: Record<string, Process> = {
  displayName: displayNameOverrideProcessor,
  unit: unitOverrideProcessor,
  noValue: displayNameOverrideProcessor,
  decimals: numberOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  color: identityOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  links: dataLinksOverrideProcessor,
};

const TRANSFORMERS: Record<string, DataTransformerInfo> = {
  merge: standardTransformers.mergeTransformer,
  organize: standardTransformers.organizeFieldsTransformer,
};

/** Variables in links are left as they are: nobody clicks on a picture. */
export const asItIs = (text: string): string => text;

locationUtil.initialize({
  // Links ask for Grafana's sub-path only, and there is none.
  config: { appSubUrl: '' } as Parameters<typeof locationUtil.initialize>[0]['config'],
  getTimeRangeForUrl: () => ({ from: 'now-1h', to: 'now' }),
  getVariablesUrlParams: () => ({}),
});

export async function transformed(panel: Panel, frames: DataFrame[]): Promise<DataFrame[]> {
  let found = frames;
  for (const { id, options } of panel.transformations ?? []) {
    const transformer = TRANSFORMERS[id];
    if (!transformer) {
      throw new Error(`the preview knows no transformation ${id}`);
    }
    const all = { ...transformer.defaultOptions, ...options };
    found = await firstValueFrom(
      of(found).pipe(transformer.operator(all, { interpolate: asItIs }))
    );
  }
  return found;
}

export function configured(
  panel: Panel,
  frames: DataFrame[],
  theme: GrafanaTheme2,
  timeZone: string
): DataFrame[] {
  const fieldConfig = migrated(panel);
  const fieldConfigRegistry = registry(fieldConfig);
  const found = applyFieldOverrides({
    data: frames,
    fieldConfig,
    fieldConfigRegistry,
    replaceVariables: asItIs,
    theme,
    timeZone,
  });
  cacheFieldDisplayNames(found); // tables look for names there
  return found;
}

/** The properties that a panel uses; in Grafana each kind of panel brings a list of its own. */
function registry(source: FieldConfigSource): FieldConfigOptionsRegistry {
  const custom = new Set([
    ...Object.keys(source.defaults.custom ?? {}),
    ...source.overrides
      .flatMap((override) => override.properties)
      .filter(({ id }) => id.startsWith('custom.'))
      .map(({ id }) => id.replace('custom.', '')),
  ]);
  const items = [
    ...Object.entries(STANDARD).map(([id, process]) => item(id, id, process, false)),
    ...[...custom].map((path) => item(`custom.${path}`, path, identityOverrideProcessor, true)),
  ];
  return new FieldConfigOptionsRegistry(() => items);
}

function item(
  id: string,
  path: string,
  process: Process,
  isCustom: boolean
): FieldConfigPropertyItem {
  const nothing = () => null;
  return {
    id,
    path,
    name: id,
    process,
    isCustom,
    shouldApply: () => true,
    editor: nothing,
    override: nothing,
  };
}

/** Since 9.4 a table's `displayMode` is an object, `cellOptions`: Grafana changes it on loading. */
function migrated(panel: Panel): FieldConfigSource {
  if (panel.type !== 'table') {
    return panel.fieldConfig;
  }
  const { displayMode, ...custom } = panel.fieldConfig.defaults.custom;
  return {
    defaults: {
      ...panel.fieldConfig.defaults,
      custom: { ...custom, cellOptions: { type: displayMode } },
    },
    overrides: panel.fieldConfig.overrides.map((override) => ({
      ...override,
      properties: override.properties.map(({ id, value }) =>
        id === 'custom.displayMode'
          ? { id: 'custom.cellOptions', value: { type: value } }
          : { id, value }
      ),
    })),
  };
}
