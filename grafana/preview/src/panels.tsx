/** Each kind of panel, drawn with the component that Grafana itself draws it with. */
import {
  DashboardCursorSync,
  type DataFrame,
  dateTime,
  EventBusSrv,
  type FieldDisplay,
  getDisplayProcessor,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  renderTextPanelMarkdown,
  type TimeRange,
  VizOrientation,
} from '@grafana/data';
import {
  BarGauge,
  BigValue,
  type BigValueColorMode,
  type BigValueGraphMode,
  type BigValueJustifyMode,
  type BigValueTextMode,
  PanelContextProvider,
  TimeSeries,
  useTheme2,
  VizRepeater,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import type { BarGaugeDisplayMode } from '@grafana/schema';
import { asItIs } from './fields';
import type { Job, Panel } from './model';

interface Props {
  job: Job;
  panel: Panel;
  frames: DataFrame[];
  width: number;
  height: number;
}

export function Content(props: Props) {
  switch (props.panel.type) {
    case 'stat':
      return <Stat {...props} />;
    case 'bargauge':
      return <Bars {...props} />;
    case 'timeseries':
      return props.frames.length ? <Graph {...props} /> : <Empty {...props} />;
    case 'table':
      return props.frames.some((frame) => frame.length) ? (
        <Rows {...props} />
      ) : (
        <Empty {...props} />
      );
    case 'text':
      return <Words {...props} />;
    default:
      return <p>The preview draws no panels of the kind “{props.panel.type}”.</p>;
  }
}

/** Approximate: Grafana's own view of an empty panel is not in its libraries. */
function Empty({ panel, height }: Props) {
  const text = panel.fieldConfig.defaults.noValue ?? 'No data';
  return (
    <div style={{ height, display: 'grid', placeItems: 'center', textAlign: 'center' }}>{text}</div>
  );
}

function useValues({ job, panel, frames }: Props): () => FieldDisplay[] {
  const theme = useTheme2();
  return () =>
    getFieldDisplayValues({
      data: frames,
      fieldConfig: panel.fieldConfig,
      reduceOptions: panel.options.reduceOptions,
      replaceVariables: asItIs,
      theme,
      timeZone: job.timeZone,
    });
}

function Stat(props: Props) {
  const { panel, frames, width, height } = props;
  const theme = useTheme2();
  const { options } = panel;
  return (
    <VizRepeater
      getValues={useValues(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={frames}
      renderCounter={0}
      orientation={options.orientation}
      autoGrid
      width={width}
      height={height}
      renderValue={({ value, alignmentFactors, count, ...size }) => (
        <BigValue
          {...size}
          value={value.display}
          count={count}
          alignmentFactors={alignmentFactors}
          colorMode={options.colorMode as BigValueColorMode}
          graphMode={options.graphMode as BigValueGraphMode}
          text={options.text}
          justifyMode={options.justifyMode as BigValueJustifyMode}
          textMode={options.textMode as BigValueTextMode}
          theme={theme}
        />
      )}
    />
  );
}

function Bars(props: Props) {
  const { panel, frames, width, height } = props;
  const theme = useTheme2();
  return (
    <VizRepeater
      getValues={useValues(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={frames}
      renderCounter={0}
      orientation={panel.options.orientation}
      itemSpacing={8}
      minVizHeight={16}
      maxVizHeight={300}
      width={width}
      height={height}
      renderValue={({ value, alignmentFactors, orientation, ...size }) => (
        <BarGauge
          {...size}
          value={value.display}
          field={value.field}
          display={getDisplayProcessor({ field: { config: value.field }, theme })}
          alignmentFactors={alignmentFactors}
          orientation={orientation ?? VizOrientation.Horizontal}
          displayMode={panel.options.displayMode as BarGaugeDisplayMode}
          text={panel.options.text}
          showUnfilled={panel.options.showUnfilled}
          isOverflow={false}
          itemSpacing={8}
          lcdCellWidth={12}
          theme={theme}
        />
      )}
    />
  );
}

function Graph({ job, panel, frames, width, height }: Props) {
  const context = {
    eventsScope: 'picture',
    eventBus: new EventBusSrv(),
    sync: () => DashboardCursorSync.Off,
  };
  return (
    <PanelContextProvider value={context}>
      <TimeSeries
        frames={frames}
        width={width}
        height={height}
        timeRange={timeRange(job)}
        timeZone={job.timeZone}
        legend={panel.options.legend}
        options={panel.options}
      />
    </PanelContextProvider>
  );
}

function Rows({ frames, panel, width, height }: Props) {
  const frame = frames.find((each) => each.length)!;
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      initialSortBy={panel.options.sortBy}
      fieldConfig={panel.fieldConfig}
      enableVirtualization={false}
    />
  );
}

function Words({ panel }: Props) {
  const html = renderTextPanelMarkdown(panel.options.content);
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}

function timeRange(job: Job): TimeRange {
  const [from, to] = [dateTime(job.from), dateTime(job.to)];
  return { from, to, raw: { from, to } };
}
