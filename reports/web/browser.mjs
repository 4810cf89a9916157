// What the browser tests and the screenshots share: one Chromium, and the pages that a running server offers.
import { chromium } from 'playwright-core';

export const base = (process.env.SHIPHABIT_URL || '').replace(/\/$/, '');
if (!base) throw new Error('set SHIPHABIT_URL to the address of a running shiphabit, such as http://127.0.0.1:8080');

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: flags });

// watch collects what a page must not do: ask another host, or write to the console.
export const watch = (page) => watchAt(page, base);

export function watchAt(page, home) {
  const seen = { foreign: [], console: [], failed: [] };
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (!['data:', 'blob:', 'about:'].includes(url.protocol) && url.origin !== new URL(home).origin) seen.foreign.push(r.url());
  });
  page.on('console', (m) => seen.console.push(`${m.type()}: ${m.text()} (${m.location().url || page.url()})`));
  page.on('pageerror', (e) => seen.console.push(`exception: ${e.message}`));
  page.on('response', (r) => { if (r.status() >= 400) seen.failed.push(`${r.status()} ${r.url()}`); });
  return seen;
}

// others are further servers, each for a state that a healthy one does not show: "troubled=http://…,empty=http://…".
export const others = (process.env.SHIPHABIT_OTHERS || '').split(',').filter(Boolean).map((one) => {
  const at = one.indexOf('=');
  return [one.slice(0, at), one.slice(at + 1).replace(/\/$/, '')];
});

// The pages on which such a state shows.
export const statePages = { troubled: ['/doctor', '/doctor?figure=change_lead_time', '/sources', '/sources/clone', '/sources/exports'], empty: ['/doctor', '/sources', '/', '/teams', '/corrections'],
  teams: ['/', '/services', '/teams', '/teams/payments', '/services/api', '/services/api/record?id=import%2Fapi-39', '/services/api/record?id=import%2FINC-39', '/corrections',
    '/explain/change_fail_rate?team=payments', '/explain/change_lead_time_stages?service=api&stage=pickup', '/services/batch'] };

// discover lists one page of each kind by following the links of the pages themselves, so that it needs no list of services.
export async function discover(browser) {
  const page = await browser.newPage();
  const links = async (path) => {
    await page.goto(base + path);
    return page.$$eval('a[href]', (all) => all.map((a) => a.getAttribute('href')).filter((h) => h.startsWith('/') && !h.startsWith('//')));
  };
  const found = new Map([['overview', '/'], ['services', '/services'], ['gate', '/gate'], ['sources', '/sources'], ['doctor', '/doctor'], ['assessments', '/assessments'], ['about', '/about'], ['reports', '/reports'], ['report', '/reports/leadership']]);
  const kinds = [['service', /^\/services\/[^/?]+(\?|$)/], ['explain', /^\/explain\/change_fail_rate/], ['explain-leadtime', /^\/explain\/change_lead_time/],
    ['index', /^\/explain\/index\?(.*&)?service=/], ['indices', /^\/explain\/index(?!.*service=)/],
    ['standing', /^\/services\/[^/]+\/gate/], ['decisions', /^\/gate\/decisions(\?|$)/], ['decision', /^\/gate\/decisions\/./],
    ['source', /^\/sources\/./], ['backtest', /^\/gate\/backtest/], ['record', /^\/services\/[^/]+\/record/], ['form', /^\/assess\/./], ['run', /^\/assessments\/[^/]+\/run/], ['rollup', /^\/assessments\/rollup/], ['result', /^\/assessments\/(?!rollup)[^/]+$/], ['year', /^\/\?window=1y/], ['report-service', /^\/reports\/services\/./]];
  // The second round follows what the first has found: evidence is linked from a service's page at the gate.
  for (const start of ['/', '/services', '/gate', '/sources', '/assessments', '/reports', 'standing', 'backtest'].map((s) => () => found.get(s) || s)) {
    if (!start().startsWith('/')) continue;
    for (const href of await links(start())) {
      for (const [kind, shape] of kinds) if (shape.test(href) && !found.has(kind)) found.set(kind, href);
    }
  }
  await page.close();
  return found;
}

export async function open(browser, { width, theme, javaScript = true, height = 900, motion = 'reduce' }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, javaScriptEnabled: javaScript, reducedMotion: motion });
  return { context, page: await context.newPage() };
}

// settle waits until every chart that is near has been drawn: each then holds a canvas.
export async function settle(page) {
  await page.waitForLoadState('load');
  await page.evaluate(async () => {
    const plots = [...document.querySelectorAll('.plot')];
    for (const p of plots) p.scrollIntoView({ block: 'center' });
    const drawn = () => !window.echarts || plots.every((p) => p.querySelector('canvas'));
    for (let i = 0; i < 200 && !drawn(); i += 1) {
      for (const p of plots) if (!p.querySelector('canvas')) { p.scrollIntoView({ block: 'center' }); break; }
      await new Promise((go) => requestAnimationFrame(go));
    }
    scrollTo(0, 0);
    await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  });
}
