// Writes a chart as the text of an SVG, in an engine without a page. The chart library draws; what it drew is written here, for its own
// writing escapes no attribute, carries rules for a pointer, and counts its ids up from picture to picture.
((root) => {
  'use strict';
  const tags = new Set(['svg', 'g', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'tspan', 'defs', 'clipPath', 'pattern', 'linearGradient', 'radialGradient', 'stop']);
  const kept = new Set(['id', 'd', 'x', 'y', 'dx', 'dy', 'x1', 'y1', 'x2', 'y2', 'cx', 'cy', 'r', 'rx', 'ry', 'width', 'height', 'points', 'transform', 'viewBox', 'xmlns',
    'fill', 'fill-opacity', 'fill-rule', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-dashoffset', 'stroke-linecap', 'stroke-linejoin', 'stroke-miterlimit',
    'opacity', 'clip-path', 'offset', 'stop-color', 'stop-opacity', 'gradientUnits', 'gradientTransform', 'patternUnits', 'patternTransform',
    'text-anchor', 'dominant-baseline', 'font-size', 'font-weight', 'font-style', 'xml:space']);
  const coloured = new Set(['fill', 'stroke', 'stop-color']);

  // XML has no way to write most control characters and halves of surrogates.
  const escape = (text) => String(text).replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\uFFFD').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

  // Without a page nothing measures text. The library's own table is that of a slim face; the widest of the system fonts needs a tenth more.
  const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
  const widths = new Map(ascii.map((c) => [c, root.echarts.format.getTextRect(c, '100px sans-serif').width / 100]));
  root.echarts.setPlatformAPI({
    measureText: (text, font) => ({ width: 1.1 * parseFloat(/[\d.]+(?=px)/.exec(font)?.[0] || '12') * [...(text || '')].reduce((sum, c) => sum + (widths.get(c) ?? 0.9), 0) }),
  });

  const draw = (raw, look, height) => {
    const chart = root.echarts.init(null, null, { renderer: 'svg', ssr: true, width: look.width, height });
    try {
      chart.setOption({ ...root.shiphabitChart.options(raw, look), backgroundColor: look.colours.card });
      return chart.getZr().painter.renderToVNode({ useViewBox: true, compress: true });
    } finally {
      chart.dispose();
    }
  };

  // A style attribute becomes attributes, so that no rule about styles can take them away. Only texts have one, with their font, long or short.
  const fonts = (text) => {
    const [, weight, size] = /(?:^|[\s:])(bold|[1-9]00)?[^;]*?([\d.]+px)/.exec(text) || [];
    return [['font-size', size], ['font-weight', weight]];
  };
  const attributes = (node) => Object.entries(node.attrs).flatMap(([name, value]) => (name === 'style' ? fonts(String(value)) : [[name, value]]))
    .filter(([name, value]) => kept.has(name) && value !== false && value !== null && value !== undefined);

  // What is there to be pointed at shows nothing.
  const unseen = ({ tag, attrs }) => tag === 'path' && attrs.fill === 'none' && (!attrs.stroke || attrs.stroke === 'none');

  // A picture of two themes is the first one, with classes that recolour it where the reader prefers dark.
  const writer = (prefix) => {
    const ids = new Map(), rules = new Map();
    const numbered = (map, key) => { if (!map.has(key)) map.set(key, map.size); return map.get(key); };
    const id = (given) => `${prefix}-${numbered(ids, given)}`;
    const write = (node, twin, more, inside) => {
      if (!tags.has(node.tag)) throw new Error(`a chart holds an element <${node.tag}>, which no picture may hold`);
      const classes = [];
      const listed = attributes(node).map(([name, value]) => {
        const text = String(value), other = twin?.attrs[name];
        if (coloured.has(name) && other !== undefined && other !== value && !text.startsWith('url(')) classes.push(`${prefix}c${numbered(rules, `${name}:${other}`)}`);
        return ` ${name}="${escape(name === 'id' ? id(text) : text.replace(/^url\(#(.*)\)$/, (_, of) => `url(#${id(of)})`))}"`;
      });
      if (classes.length > 0) listed.push(` class="${classes.join(' ')}"`);
      const children = (node.children || []).map((child, i) => (unseen(child) ? '' : write(child, twin?.children?.[i], '', '')));
      return `<${node.tag}${listed.join('')}${more}>${inside}${escape(node.text ?? '')}${children.join('')}</${node.tag}>`;
    };
    const style = () => (rules.size === 0 ? '' : `<style>@media (prefers-color-scheme:dark){${[...rules].map(([rule, n]) => `.${prefix}c${n}{${escape(rule)}}`).join('')}}</style>`);
    return { write, style };
  };

  // given holds the themes' colours, the font, the size and the words of the picture; both come as JSON.
  root.shiphabitPicture = (raw, given) => {
    const { themes, font, width, height, prefix, title, label } = JSON.parse(given);
    const [first, second] = themes.map((colours) => draw(JSON.parse(raw), { colours, font, width }, height));
    const { write, style } = writer(prefix);
    const text = write(first, second, ` role="img" aria-label="${escape(label)}" font-family="${escape(font)}"`, `<title>${escape(title)}</title>\n`);
    return `${text.slice(0, -'</svg>'.length)}${style()}</svg>\n`;
  };
})(globalThis);
