// Draws the charts of a page from the options that stand in it as data. Everything else works without this script.
(() => {
  'use strict';
  const plots = [...document.querySelectorAll('.plot')];
  // A message about faults takes the focus, so that the keyboard goes on from there.
  document.getElementById('faults')?.focus();
  if (!window.echarts || !window.shiphabitChart || plots.length === 0) return;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const look = (plot) => ({
    colours: Object.fromEntries(['accent', 'faint', 'ink', 'quiet', 'trouble', 'card', 'line'].map((name) => [name, css(`--${name}`)])),
    font: getComputedStyle(document.body).fontFamily, width: plot.clientWidth,
  });

  const drawn = new Map();
  const draw = (plot) => {
    const options = JSON.parse(document.getElementById(plot.dataset.chart).textContent);
    const chart = drawn.get(plot) || echarts.init(plot, null, { renderer: 'canvas' });
    drawn.set(plot, chart);
    chart.setOption(shiphabitChart.options(options, look(plot)), true);
  };
  const all = () => drawn.forEach((_, plot) => draw(plot));

  // What is far below is drawn when it comes near, so that the first screen stands at once.
  const near = new IntersectionObserver((seen) => {
    for (const s of seen) if (s.isIntersecting) { near.unobserve(s.target); draw(s.target); }
  }, { rootMargin: '600px' });
  plots.forEach((p) => near.observe(p));
  const sized = new ResizeObserver((changes) => { for (const c of changes) drawn.get(c.target)?.resize(); });
  plots.forEach((p) => sized.observe(p));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', all);
  addEventListener('beforeprint', () => plots.forEach(draw));
})();
