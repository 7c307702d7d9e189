/**
 * node draw.mjs JOBS BROWSER: draws each job of a file of JSON, `[{file, ...job}]`.
 *
 * The page is bundled in memory and handed to the browser by interception: nothing listens, and
 * nothing is asked of any network.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const HERE = dirname(fileURLToPath(import.meta.url));
const ICONS = join(HERE, 'node_modules', '@grafana', 'ui', 'dist', 'public', 'img', 'icons');
const HTML = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/page.css">
<style>body { margin: 0 }</style><div id="root"></div><script type="module" src="/page.js"></script>`;

const [jobs, browserPath] = process.argv.slice(2);
if (!jobs || !browserPath) {
  throw new Error('usage: node draw.mjs JOBS BROWSER');
}

const bundle = await build({
  entryPoints: [join(HERE, 'src', 'page.tsx')],
  outdir: join(HERE, 'unwritten'),
  write: false,
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  target: 'es2022',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl', '.ttf': 'empty' },
  logLevel: 'error',
});
/** @param {string} ending */
const bundled = (ending) =>
  bundle.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';

/** @param {{gridPos: {y: number, h: number}}} panel */
const bottom = ({ gridPos }) => gridPos.y + gridPos.h;

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});
try {
  for (const { file, ...job } of JSON.parse(readFileSync(jobs, 'utf-8'))) {
    // A screen as high as the page: tables leave out what is not on it.
    const height = 100 + 38 * Math.max(...job.dashboard.panels.map(bottom));
    const page = await browser.newPage({ viewport: { width: job.width, height } });
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    await page.addInitScript((given) => Object.assign(window, { job: given }), job);
    await page.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      const icon = pathname.match(/\/img\/icons\/([\w-]+\/[\w-]+\.svg)$/);
      if (pathname === '/') {
        await route.fulfill({ contentType: 'text/html', body: HTML });
      } else if (pathname === '/page.js') {
        await route.fulfill({ contentType: 'text/javascript', body: bundled('.js') });
      } else if (pathname === '/page.css') {
        await route.fulfill({ contentType: 'text/css', body: bundled('.css') });
      } else if (icon?.[1]) {
        const body = readFileSync(join(ICONS, icon[1]));
        await route.fulfill({ contentType: 'image/svg+xml', body });
      } else {
        await route.abort();
      }
    });
    await page.goto('http://preview.localhost/', { waitUntil: 'networkidle' });
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[role=grid]')].every(
        (table) => table.querySelectorAll('[role=row]').length > 1
      )
    );
    const root = page.locator('#root');
    /** @type {Buffer} */
    let before = Buffer.of();
    let picture = await root.screenshot();
    while (!picture.equals(before)) {
      await page.waitForTimeout(500);
      [before, picture] = [picture, await root.screenshot()];
    }
    if (errors.length) {
      throw new Error(errors.join('\n'));
    }
    writeFileSync(file, picture);
    await page.close();
  }
} finally {
  await browser.close();
}
