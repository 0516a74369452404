// Looks at a report as people do: wide and narrow, light and dark, on paper, and with a screen reader's rules.
//
//   node look.cjs FOLDER [PICTURES] looks at each page in the folder, leaves pictures beside them, and fails on whatever is not as it should be.
//   The folder PICTURES gets those that the docs show.
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { chromium } = require('playwright-core');

const [folder, pictures] = process.argv.slice(2);
const views = [
  { name: 'desktop', width: 1440, height: 900, colorScheme: 'light' },
  { name: 'dark', width: 1440, height: 900, colorScheme: 'dark' },
  { name: 'phone', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
];
// The tops of pages, by page and view.
const shown = {
  'demo.desktop': 'desktop', 'demo.dark': 'dark', 'demo.phone': 'phone', 'empty.desktop': 'empty', 'hostile.desktop': 'hostile', 'large.desktop': 'large',
};
const program = process.env.CHROMIUM || '/usr/bin/chromium';
const quiet = ['--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
// Who is root, as in a container, can have no sandbox.
const args = process.getuid() === 0 ? ['--no-sandbox', ...quiet] : quiet;

// What stands beyond the page, text beyond its chart, and charts that are too small to read. Runs in the page.
function measured() {
  const wrong = [];
  const width = document.documentElement.clientWidth;
  const told = (element) => `${element.tagName} "${element.textContent.trim().slice(0, 40)}"`;
  if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide in ${width}`);
  for (const element of document.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.left < -0.5 || box.right > width + 0.5)) wrong.push(`${told(element)} stands beyond the page`);
  }
  for (const chart of document.querySelectorAll('svg[role=img]')) {
    const box = chart.getBoundingClientRect();
    const title = chart.querySelector(':scope > title').textContent;
    if (box.width < 100 || box.height < 40) wrong.push(`${title}: ${box.width} × ${box.height}`);
    for (const text of chart.querySelectorAll('text, .place, .label')) {
      const own = text.getBoundingClientRect();
      const is_held = own.left >= box.left - 1 && own.right <= box.right + 1 && own.top >= box.top - 1 && own.bottom <= box.bottom + 1;
      if (!is_held) wrong.push(`${title}: ${told(text)} stands beyond its chart`);
    }
  }
  return { wrong, charts: document.querySelectorAll('svg[role=img]').length };
}

// Texts of a chart that lie on each other. Runs in the page.
function crowded() {
  const wrong = [];
  for (const chart of document.querySelectorAll('svg[role=img]')) {
    const boxes = [...chart.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
    for (let at = 0; at < boxes.length; at += 1) {
      for (let other = at + 1; other < boxes.length; other += 1) {
        const [[one, a], [two, b]] = [boxes[at], boxes[other]];
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 3) wrong.push(`${chart.querySelector('title').textContent}: "${one}" lies on "${two}"`);
      }
    }
  }
  return wrong;
}

// What a name has made of the page, if it could. Runs in the page.
function smuggled() {
  const wrong = [];
  for (const element of document.querySelectorAll('*')) {
    if (['SCRIPT', 'IMG', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'BASE', 'FORM', 'script', 'image', 'use'].includes(element.tagName)) wrong.push(`there is a <${element.tagName}>`);
    for (const attribute of element.attributes) {
      if (attribute.name.startsWith('on') || attribute.name === 'style') wrong.push(`${element.tagName} has ${attribute.name}`);
    }
  }
  for (const link of document.querySelectorAll('a')) {
    if (!link.href.startsWith('https://open.spotify.com/')) wrong.push(`a link leads to ${link.href}`);
  }
  return wrong;
}

// All that is wrong with a page in one view of it.
async function looked(browser, view, file) {
  const wrong = [];
  const note = (what) => wrong.push(what);
  const address = pathToFileURL(file).href;
  const page = await browser.newPage({ viewport: { width: view.width, height: view.height }, colorScheme: view.colorScheme });
  page.on('pageerror', (error) => note(`a script failed: ${error.message}`));
  page.on('console', (message) => note(`the console says: ${message.text()}`));
  page.on('dialog', (dialog) => { note('a dialog opened'); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url() !== address) note(`it asks for ${request.url()}`); });
  await page.goto(address);
  const closed = await page.evaluate(measured);
  if (closed.charts < 8) note(`${closed.charts} charts`);
  [...closed.wrong, ...await page.evaluate(crowded), ...await page.evaluate(smuggled)].forEach(note);
  await page.screenshot({ path: file.replace(/html$/, `${view.name}.png`), fullPage: true });
  const picture = shown[`${path.basename(file, '.html')}.${view.name}`];
  if (pictures && picture) {
    const clip = { x: 0, y: 0, width: view.width, height: view.width < view.height ? 1400 : 1180 };
    await page.screenshot({ path: path.join(pictures, `report-${picture}.png`), fullPage: true, clip });
  }
  await page.evaluate(() => document.querySelectorAll('details').forEach((it) => { it.open = true; }));
  (await page.evaluate(measured)).wrong.forEach((what) => note(`opened: ${what}`));
  // axe is a script, which the page forbids: it comes by the way that a debugger has.
  await page.evaluate(require('axe-core').source);
  const found = await page.evaluate(() => globalThis.axe.run());
  for (const rule of found.violations) {
    const where = rule.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 120)} ${(node.any[0] || {}).message || ''}`);
    note(`axe: ${rule.impact}: ${rule.id}: ${where.join(' | ')}`);
  }
  await page.close();
  return wrong;
}

// On paper nothing is cut off either.
async function printed(browser, file) {
  const paper = await browser.newPage({ viewport: { width: 718, height: 1000 } });
  await paper.goto(pathToFileURL(file).href);
  await paper.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const { wrong } = await paper.evaluate(measured);
  const margin = { top: '14mm', bottom: '14mm', left: '10mm', right: '10mm' };
  await paper.pdf({ path: file.replace(/html$/, 'pdf'), format: 'A4', margin });
  await paper.close();
  return wrong;
}

(async () => {
  const browser = await chromium.launch({ executablePath: program, args });
  const wrong = [];
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.html')).sort();
  for (const name of files) {
    const file = path.resolve(folder, name);
    for (const view of views) (await looked(browser, view, file)).forEach((what) => wrong.push(`${name}, ${view.name}: ${what}`));
    (await printed(browser, file)).forEach((what) => wrong.push(`${name}, paper: ${what}`));
  }
  await browser.close();
  wrong.forEach((what) => console.error(what));
  console.log(`${files.length} pages in ${views.length} views and on paper: ${wrong.length === 0 ? 'as they should be' : `${wrong.length} things are wrong`}`);
  process.exitCode = wrong.length === 0 && files.length > 0 ? 0 : 1;
})();
