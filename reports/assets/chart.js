// Turns the options of a chart, as the server writes them, into what the chart library draws. It needs no page: colours, font and
// width are given, so that a browser and the server's own engine come to the same picture.
((root) => {
  'use strict';
  const round = (v) => (v < 9.95 && v % 1 ? v.toFixed(1).replace(/\.0$/, '') : String(Math.round(v)));
  const units = [[604800 * 10, 604800, 'wk'], [86400, 86400, 'd'], [3600, 3600, 'h'], [60, 60, 'min'], [0, 1, 's']];
  const span = (s) => { const [, unit, word] = units.find(([from]) => s >= from) || units[4]; return `${round(s / unit)} ${word}`; };
  const percent = (v) => `${round(v * 100)}%`;
  const hour = (v) => `${String(Math.floor(v)).padStart(2, '0')}:${String(Math.round((v % 1) * 60)).padStart(2, '0')}`;
  const words = { $span: span, $percent: percent, $count: (v) => String(v), $hour: hour };
  const steps = [1, 60, 600, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 30 * 86400, 90 * 86400, 365 * 86400, 1825 * 86400];

  // An interval is a soft block over its bucket, from low to high.
  const interval = (params, api) => {
    const [x, low] = api.coord([api.value(0), api.value(1)]);
    const high = api.coord([api.value(0), api.value(2)])[1];
    const wide = Math.max(4, Math.min(44, api.size([1, 0])[0] * 0.62));
    return { type: 'rect', shape: { x: x - wide / 2, y: high, width: wide, height: Math.max(low - high, 1), r: 2 }, style: { fill: api.visual('color'), opacity: 0.22 } };
  };
  // An arc leads from a rollback back to the deployment it undid.
  const arc = (params, api) => {
    const [x1, y1] = api.coord([api.value(0), api.value(1)]);
    const [x2, y2] = api.coord([api.value(2), api.value(3)]);
    const lift = Math.max(14, Math.min(60, Math.abs(x1 - x2) * 0.35));
    const shape = { x1, y1, x2, y2, cpx1: (x1 + x2) / 2, cpy1: Math.min(y1, y2) - lift };
    return { type: 'bezierCurve', shape, style: { fill: null, stroke: api.visual('color'), lineWidth: 1.2, opacity: 0.75 } };
  };

  // A day of the map of days, with a gap that leaves narrow columns their colour. The library's own heat map lies on a canvas of its own
  // above that of the axes, and on paper a canvas hides what is below it.
  const cell = (params, api) => {
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const [wide, high] = api.size([1, 1]);
    const gap = Math.min(2, wide * 0.2);
    return { type: 'rect', shape: { x: x - wide / 2 + gap / 2, y: y - high / 2 + 1, width: wide - gap, height: high - 2, r: gap }, style: { fill: api.visual('color') } };
  };
  // Columns are weeks, told by their Mondays: few of them by their date, many by the month, or year, that begins in them.
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const weeks = (axis) => {
    const sunday = (monday) => new Date(Date.parse(monday) + 6 * 86400e3);
    const named = (d) => (d.getUTCMonth() ? months[d.getUTCMonth()] : String(d.getUTCFullYear()));
    if (axis.data.length < 9) {
      axis.axisLabel.formatter = (monday) => `${Number(monday.slice(8))} ${months[Number(monday.slice(5, 7)) - 1]}`;
      return;
    }
    axis.axisLabel.interval = (i, monday) => sunday(monday).getUTCDate() <= 7;
    axis.axisLabel.formatter = (monday) => named(sunday(monday));
  };

  // The vocabulary of options: which word means what, and in which keys it may stand. Other text is never looked up.
  const keys = new Set(['color', 'borderColor', 'formatter', 'renderItem', 'decal']);
  const vocabulary = ({ accent, faint, ink, quiet, trouble, card }) => ({
    $accent: accent, $faint: faint, $ink: ink, $quiet: quiet, $trouble: trouble, $ground: card,
    $hatched: { symbol: 'rect', color: card, dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4 },
    $interval: interval, $arc: arc, ...words,
  });
  const resolve = (value, key, known) => {
    if (typeof value === 'string') return keys.has(key) && Object.hasOwn(known, value) ? known[value] : value;
    if (Array.isArray(value)) return value.map((v) => resolve(v, key, known));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, k, known)]));
  };
  const list = (v) => (v === undefined ? [] : Array.isArray(v) ? v : [v]);
  const day = (ms) => new Date(ms).toISOString().slice(0, 10);

  const tooltip = (say, xAxis) => (p) => {
    const v = p.value;
    if (p.seriesType === 'custom' && p.encode.y.length === 1) return `${p.name}: ${v[2]}`;
    if (p.seriesType === 'custom') return `${p.seriesName}: ${say(v[1])} to ${say(v[2])}`;
    if (Array.isArray(v)) return `${p.name ? `${p.name}\n` : ''}${day(v[0])}, ${say(v[1])}`;
    return `${p.name}\n${p.seriesName}: ${say(v)}`;
  };

  // The library fills its hollow marks with white, also where the ground is dark.
  const hollow = (mark, colour, ground) => {
    const [, shape] = /^empty([A-Z].*)/.exec(mark?.symbol) || [];
    if (!shape) return;
    mark.symbol = shape[0].toLowerCase() + shape.slice(1);
    mark.itemStyle = { ...mark.itemStyle, color: ground, borderColor: colour, borderWidth: 2 };
  };

  const style = (o, look) => {
    const { ink, quiet, faint, card, line } = look.colours, narrow = look.width < 340;
    const font = { fontFamily: look.font, fontSize: 12, color: quiet };
    o.backgroundColor = 'transparent';
    o.useUTC = true; // days are those of the tables, whatever clock the reader or the server has
    o.textStyle = font;
    o.animation = false;
    const legend = o.legend?.show;
    o.legend = { ...o.legend, textStyle: font, itemWidth: 14, itemHeight: 9, itemGap: 14, selectedMode: false, icon: undefined };
    const named = list(o.series).some((s) => s.markLine); // what a line is called stands beside the field, over no dot
    o.grid = { left: 8, right: named ? 54 : 14, top: legend ? (narrow ? 72 : 52) : 12, bottom: 6, containLabel: true };
    o.aria = { enabled: false };
    const say = list(o.yAxis).map((a) => a.axisLabel?.formatter).find((f) => typeof f === 'function') || String;
    o.tooltip = {
      show: true, trigger: 'item', renderMode: 'richText', confine: true, formatter: tooltip(say),
      backgroundColor: card, borderColor: line, borderWidth: 1, padding: [6, 9], textStyle: { ...font, color: ink },
    };
    for (const axis of [...list(o.xAxis), ...list(o.yAxis)]) {
      axis.axisLine = { show: false, lineStyle: { color: quiet } };
      axis.axisTick = { show: false };
      axis.axisLabel = { ...axis.axisLabel, ...font, hideOverlap: true };
      axis.nameTextStyle = { ...font, align: 'left', padding: [0, 0, 0, -4] };
      axis.splitLine = { lineStyle: { color: faint } };
    }
    for (const axis of list(o.xAxis)) {
      // In a window of months the first of one is a day like others; in one of years it stands for its month.
      const long = axis.max - axis.min > 200 * 86400e3;
      if (axis.type === 'time') axis.axisLabel.formatter = { year: long ? '{yyyy}' : '{d} {MMM}', month: long ? '{MMM}' : '{d} {MMM}', day: '{d} {MMM}', hour: '{HH}:{mm}' };
      if (axis.type === 'time' && !long) mondays(axis, look.width);
      axis.splitLine.show = false; axis.axisLine.show = true; axis.axisLine.lineStyle.color = faint; }
    for (const axis of list(o.yAxis)) {
      axis.nameGap = 12;
      if (axis.type === 'value') { axis.minInterval = axis.axisLabel.formatter === words.$count ? 1 : undefined; axis.splitNumber = 4; }
      if (axis.max === 24) axis.interval = 6;
      if (axis.type === 'category') axis.splitLine.show = false;
      if (axis.type === 'value' && axis.axisLabel.formatter === words.$span) even(axis, o.series);
      if (axis.type === 'log') readable(axis, o.series);
    }
    for (const s of list(o.series)) {
      if (s.type === 'heatmap') { Object.assign(s, { type: 'custom', renderItem: cell, encode: { x: 0, y: 1 } }); list(o.xAxis).forEach(weeks); }
      if (s.type === 'bar') { s.barMaxWidth = 36; s.barCategoryGap = '28%'; }
      s.emphasis = { ...s.emphasis, disabled: true };
      for (const mark of [s, ...list(s.data)]) hollow(mark, s.itemStyle?.color, card);
    }
    return o;
  };

  // Days at equal steps of whole weeks: the library's own mix firsts of months with others and leave gaps of any width.
  const mondays = (axis, width) => {
    const week = 7 * 86400e3, monday = 4 * 86400e3; // the first one of the epoch was the fifth of January
    const room = Math.max(2, Math.floor(width / 90));
    const step = week * Math.max(1, Math.ceil((axis.max - axis.min) / week / room));
    const first = Math.ceil((axis.min - monday) / week) * week + monday;
    const values = [];
    for (let at = first; at < axis.max; at += step) values.push(at);
    axis.axisLabel.customValues = values;
  };

  // A scale of time from nought, of stacked bars, in equal steps that people know.
  const even = (axis, all) => {
    const sums = [];
    for (const s of list(all)) list(s.data).forEach((d, i) => { sums[i] = (sums[i] || 0) + (Number(d && typeof d === 'object' ? d.value : d) || 0); });
    const high = Math.max(...sums, 0);
    const step = [1, 5, 15, 60, 300, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400, 90 * 86400].find((s) => high / s <= 5);
    if (!high || !step) return;
    // All in the unit of the step: 30 h, not 1.3 d.
    const [, unit, word] = units.find(([, size]) => step >= size && step % size === 0);
    axis.axisLabel.formatter = (v) => (v ? `${Math.round(v / unit)} ${word}` : '0');
    axis.interval = step;
    axis.max = Math.ceil(high / step) * step;
  };

  // A scale of time in steps that people know: minutes, hours, days, weeks.
  const readable = (axis, all) => {
    const found = list(all).flatMap((s) => list(s.data).flatMap((d) => {
      const v = d && typeof d === 'object' && !Array.isArray(d) ? d.value : d;
      return Array.isArray(v) ? v.slice(1) : [v];
    })).filter((v) => typeof v === 'number' && v > 0);
    const low = Math.min(...found), high = Math.max(...found);
    axis.min = [...steps].reverse().find((s) => s <= low) || 1;
    axis.max = steps.find((s) => s >= high && s > axis.min) || high;
    const within = steps.filter((s) => s >= axis.min && s <= axis.max);
    axis.axisLabel.customValues = within;
    axis.axisTick.customValues = within;
    axis.splitLine.show = true;
  };

  // look: colours by the names they have in the style sheet, the font, and the width of the chart in pixels.
  const options = (raw, look) => style(resolve(raw, '', vocabulary(look.colours)), look);

  root.shiphabitChart = { options };
})(globalThis);
