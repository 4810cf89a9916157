// node screenshots.mjs FOLDER [README.png] — pictures of every page at two widths in both themes, and one for the README:
// of the page that SHIPHABIT_PICTURE names, else of the overview.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { base, discover, kinds, launch, open, others, settle, statePages } from './browser.mjs';

const [folder, readme] = process.argv.slice(2);
if (!folder) throw new Error('name a folder: node screenshots.mjs FOLDER [README.png]');
await mkdir(folder, { recursive: true });
const browser = await launch();
try {
  const pages = await discover(browser);
  pages.set('missing', '/no-such-page');
  const elsewhere = new Map();
  for (const [state, url] of others) elsewhere.set(state, await discover(browser, [state, url]));
  const absent = kinds.filter(({ name, on = '' }) => !(elsewhere.get(on) || pages).has(name)).map((k) => k.name);
  if (absent.length && !process.env.SHIPHABIT_CLONE) throw new Error(`no link leads to a page of the kinds ${absent}`);
  for (const theme of ['light', 'dark']) {
    for (const width of [390, 1280]) {
      const { context, page } = await open(browser, { width, theme });
      for (const [name, href] of pages) {
        await page.goto(base + href);
        await settle(page);
        await page.screenshot({ path: path.join(folder, `${name}-${width}-${theme}.png`), fullPage: true });
      }
      for (const [state, url] of others) {
        for (const [name, href] of elsewhere.get(state)) {
          await page.goto(url + href);
          await settle(page);
          await page.screenshot({ path: path.join(folder, `${name}-${width}-${theme}.png`), fullPage: true });
        }
        for (const [i, href] of statePages[state].entries()) {
          await page.goto(url + href);
          await settle(page);
          await page.screenshot({ path: path.join(folder, `${state}-${i}${href.replace(/\W+/g, '-')}-${width}-${theme}.png`), fullPage: true });
        }
      }
      await context.close();
    }
  }
  const { context, page } = await open(browser, { width: 1280, theme: 'light', height: 1000 });
  await page.goto(base + (process.env.SHIPHABIT_PICTURE || '/'));
  await settle(page);
  await page.screenshot({ path: readme || path.join(folder, 'README.png') });
  await context.close();
  console.log(`${pages.size} pages in ${folder}`);
} finally {
  await browser.close();
}
