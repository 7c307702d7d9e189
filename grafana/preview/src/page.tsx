/** A whole dashboard: Grafana's grid, its rows, and a frame around each panel. */
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';
import { createTheme, type DataFrame, ThemeContext } from '@grafana/data';
import { GlobalStyles, Icon, PanelChrome, useTheme2 } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { configured, transformed } from './fields';
import { framesOf } from './frames';
import type { Job, Panel } from './model';
import { Content } from './panels';

const [COLUMNS, CELL, GAP, EDGE] = [24, 30, 8, 16];

declare global {
  interface Window {
    job: Job;
  }
}

/** A panel and its data, ready to be drawn. */
interface Ready {
  panel: Panel;
  frames: DataFrame[];
  errors: string[];
}

function Page({ job, all }: { job: Job; all: Ready[] }) {
  const theme = useTheme2();
  const column = (job.width - 2 * EDGE - (COLUMNS - 1) * GAP) / COLUMNS;
  const bottom = Math.max(...all.map(({ panel }) => panel.gridPos.y + panel.gridPos.h));
  return (
    <div style={{ padding: EDGE, background: theme.colors.background.canvas }}>
      <Head job={job} />
      <div style={{ position: 'relative', height: bottom * (CELL + GAP) - GAP }}>
        {all.map((ready) => {
          const { x, y, w, h } = ready.panel.gridPos;
          const width = w * (column + GAP) - GAP;
          const height = h * (CELL + GAP) - GAP;
          const place = { left: x * (column + GAP), top: y * (CELL + GAP), width, height };
          return (
            <div key={ready.panel.id} style={{ position: 'absolute', ...place }}>
              {ready.panel.type === 'row' ? (
                <Heading title={ready.panel.title} />
              ) : (
                <Framed job={job} ready={ready} width={width} height={height} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Framed({ job, ready, ...size }: { job: Job; ready: Ready; width: number; height: number }) {
  const { panel, frames, errors } = ready;
  return (
    <PanelChrome
      {...size}
      title={panel.title}
      description={panel.description}
      statusMessage={errors.join('; ') || undefined}
    >
      {(width: number, height: number) => (
        <Content job={job} panel={panel} frames={frames} width={width} height={height} />
      )}
    </PanelChrome>
  );
}

/** A stand-in: Grafana's rows are not in its libraries. */
function Heading({ title }: { title: string }) {
  return (
    <h5 style={{ margin: 0, lineHeight: `${CELL}px` }}>
      <Icon name="angle-down" /> {title}
    </h5>
  );
}

/** A stand-in for Grafana's head of a page: the name, and what is chosen. */
function Head({ job }: { job: Job }) {
  const theme = useTheme2();
  const quiet = { color: theme.colors.text.secondary };
  return (
    <div style={{ display: 'flex', gap: 24, alignItems: 'baseline', marginBottom: GAP }}>
      <h3 style={{ margin: 0 }}>{job.dashboard.title}</h3>
      {job.dashboard.templating.list.map(({ label, current }) => (
        <span key={label}>
          <span style={quiet}>{label}</span> {[current.text].flat().join(', ')}
        </span>
      ))}
    </div>
  );
}

async function ready(job: Job, panel: Panel, theme: Theme): Promise<Ready> {
  const answers = job.answers[panel.id] ?? {};
  const errors = Object.values(answers).flatMap(({ error }) => (error ? [error] : []));
  const frames = await transformed(panel, framesOf(panel, answers));
  const done = panel.fieldConfig ? configured(panel, frames, theme, job.timeZone) : [];
  return { panel, frames: done, errors };
}

type Theme = ReturnType<typeof createTheme>;

const { job } = window;
const theme = createTheme({ colors: { mode: job.theme } });
/** Rows that are closed are opened. */
const panels = job.dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const all = await Promise.all(panels.map((panel) => ready(job, panel, theme)));
// Numbers are made as large as fits, by the width of the font: it must be there before.
await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)));
createRoot(document.getElementById('root')!).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <Page job={job} all={all} />
  </ThemeContext.Provider>
);
