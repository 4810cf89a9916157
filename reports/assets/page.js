// Draws the charts of a page from the options that stand in it as data. Everything else works without this script.
(() => {
  'use strict';
  const plots = [...document.querySelectorAll('.plot')];
  // A message about faults takes the focus, so that the keyboard goes on from there.
  document.getElementById('faults')?.focus();
  if (!window.echarts || !window.shiphabitChart || plots.length === 0) return;

  // The colours of paper stand in the style sheet. They are not in force yet when a chart is drawn for it.
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const ofPaper = rules.filter((r) => r.media?.mediaText === 'print').flatMap((r) => [...r.cssRules]).find((r) => r.selectorText === ':root')?.style;
  // A chart alone in its row has the width of a page less its margins, in pixels; in a report two stand side by side. Nothing stretches a
  // chart to the height of the one beside it there: it has the height that the style sheet begins with, or the one that reports have on paper.
  const inReport = (plot) => plot.closest('.doc') && !plot.closest('.wide');
  const onPaper = (plot) => (inReport(plot) ? { width: 310, height: 208 } : { width: 640, height: parseFloat(getComputedStyle(plot).flexBasis) });

  const look = (plot, style, width) => ({
    colours: Object.fromEntries(['accent', 'faint', 'ink', 'quiet', 'trouble', 'card', 'line'].map((name) => [name, style.getPropertyValue(`--${name}`).trim()])),
    font: getComputedStyle(document.body).fontFamily, width,
  });

  const drawn = new Map();
  const put = (plot, look) => {
    const options = JSON.parse(document.getElementById(plot.dataset.chart).textContent);
    const chart = drawn.get(plot) || echarts.init(plot, null, { renderer: 'canvas' });
    drawn.set(plot, chart);
    chart.resize({ width: look.width, height: look.height });
    chart.setOption(shiphabitChart.options(options, look), true);
  };
  const draw = (plot) => put(plot, look(plot, getComputedStyle(document.documentElement), plot.clientWidth));
  const all = () => drawn.forEach((_, plot) => draw(plot));

  // What is far below is drawn when it comes near, so that the first screen stands at once.
  const near = new IntersectionObserver((seen) => {
    for (const s of seen) if (s.isIntersecting) { near.unobserve(s.target); draw(s.target); }
  }, { rootMargin: '600px' });
  plots.forEach((p) => near.observe(p));
  const sized = new ResizeObserver((changes) => { for (const c of changes) drawn.get(c.target)?.resize(); });
  plots.forEach((p) => sized.observe(p));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', all);
  addEventListener('beforeprint', () => plots.forEach((p) => { const { width, height } = onPaper(p); put(p, { ...look(p, ofPaper, width), height }); }));
  addEventListener('afterprint', all);
})();
