// What the browser tests and the screenshots share: one Chromium, and the pages that a running server offers.
import { readFile } from 'node:fs/promises';
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

// kinds are the pages of the product: a test of the server holds them complete against its routes. Those with "on" need records that only
// another server has.
export const kinds = JSON.parse(await readFile(new URL('pages.json', import.meta.url), 'utf8'));

// An address that no link needs to lead to stands in the list itself.
const shapeOf = ({ route, like, at }) => new RegExp(at ? `^${at.replace(/\?/g, '\\?')}$` : like || `^${route.replace(/:[a-z]+/g, '[^/?#]+')}([?#]|$)`);

// discover finds an address of each kind by following the links of the pages themselves, so that it needs no list of services. It looks
// at the server that every test runs on, or at one of the others.
export async function discover(browser, [on, home] = ['', base]) {
  const wanted = kinds.filter((k) => (k.on || '') === on).map((k) => ({ ...k, shape: shapeOf(k) }));
  const found = new Map();
  const ways = ['/', ...new Set(kinds.map((k) => k.route).filter((r) => !r.includes(':') && r !== '/')), ...kinds.flatMap((k) => k.at || [])];
  const page = await browser.newPage();
  // The first address of each route is read, whichever server its kind is looked for on: it may lead on.
  const seen = new Set();
  for (let i = 0; i < ways.length; i += 1) {
    const answer = await page.goto(home + ways[i]);
    if (answer.status() !== 200) continue;
    for (const { name, shape } of wanted) if (shape.test(ways[i]) && !found.has(name)) found.set(name, ways[i]);
    const links = await page.$$eval('a[href]', (all) => all.map((a) => a.getAttribute('href')).filter((h) => /^\/(?!\/|api\/|assets\/)/.test(h) && !/[?&](format|chart)=/.test(h)));
    for (const href of links) {
      for (const k of kinds) {
        if (!seen.has(k.name) && shapeOf(k).test(href)) { seen.add(k.name); if (!ways.includes(href)) ways.push(href); }
      }
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

// wide names what reaches beyond the screen, where anything does.
export const wide = (page) => page.evaluate(() => {
  const room = document.documentElement.clientWidth;
  const reach = document.documentElement.scrollWidth;
  if (reach <= room) return [];
  const beyond = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > room + 1)
    .filter((e) => !e.closest('.scroll, pre')).slice(0, 5).map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}px`);
  return [`${reach}px of ${room}px`, ...beyond];
});
