// The five questions, answered by keyboard alone and without JavaScript. The tests share one form, whose link may take one
// answer only: sending an incomplete form comes first, since it stores nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { base, discover, launch, open } from '../browser.mjs';

let browser, form;

before(async () => {
  browser = await launch();
  form = (await discover(browser)).get('form');
});
after(() => browser?.close());

test('nothing is chosen beforehand, and each question is a fieldset with a legend', async (t) => {
  if (!form) return t.skip('no round is open here');
  const { context, page } = await open(browser, { width: 390, theme: 'light', javaScript: false });
  await page.goto(base + form);
  assert.equal(await page.locator('fieldset').count(), 5);
  assert.equal(await page.locator('fieldset > legend').count(), 5);
  assert.equal(await page.locator('input[type=radio]:checked').count(), 0);
  await context.close();
});

test('without JavaScript an incomplete form comes back with what was chosen and links to what is missing', async (t) => {
  if (!form) return t.skip('no round is open here');
  const { context, page } = await open(browser, { width: 390, theme: 'light', javaScript: false });
  await page.goto(base + form);
  const first = page.locator('fieldset').first().locator('input[type=radio]').nth(2);
  const chosen = await first.getAttribute('id');
  await first.check();
  await page.locator('button[type=submit]').click();
  assert.equal(await page.locator('[role=alert] a').count(), 4);
  assert.ok(await page.locator(`#${chosen}`).isChecked(), 'the first answer was lost');
  const target = (await page.locator('[role=alert] a').first().getAttribute('href')).slice(1);
  assert.equal(await page.locator(`input[type=radio][id="${target}"]`).count(), 1);
  await context.close();
});

test('the keyboard alone answers all five questions and sends them', async (t) => {
  if (!form) return t.skip('no round is open here');
  const { context, page } = await open(browser, { width: 1280, theme: 'light', javaScript: false });
  await page.goto(base + form);
  const names = [];
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => ({ type: document.activeElement.type, name: document.activeElement.name }));
    if (at.type === 'submit') break;
    if (at.type !== 'radio') continue;
    names.push(at.name);
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
  }
  assert.deepEqual(names, await page.$$eval('fieldset', (all) => all.map((f) => f.querySelector('input').name)), 'the keyboard meets the questions in another order');
  await page.keyboard.press('Enter');
  await page.waitForLoadState('load');
  assert.equal(await page.locator('[role=alert]').count(), 0);
  assert.ok(page.url() !== base + form || (await page.locator('fieldset').count()) === 0, 'the form is still there');
  if (page.url().includes('/assessments/')) assert.equal(await page.locator('section.answer').count(), 5);
  await context.close();
});
