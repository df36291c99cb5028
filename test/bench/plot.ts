// Curves over the number of agents as an SVG picture: both axes logarithmic, some panels side by side.

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const size = { width: 420, height: 300, left: 60, bottom: 40, top: 34, right: 14 };
const colours = ["#1b6ca8", "#c8553d", "#2e8b57", "#8a5fbf", "#b8860b", "#555555"];

/** The whole picture. Values are above 0. */
export function picture(panels: readonly Panel[]): string {
  const legend = Math.max(...panels.map(({ curves }) => curves.length)) * 16 + 10;
  const [width, height] = [panels.length * size.width, size.height + legend];
  const drawn = panels.map((panel, i) => `<g transform="translate(${i * size.width} 0)">${draw(panel)}</g>`);
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`;
  return `${open}\n<rect width="100%" height="100%" fill="white"/>\n${drawn.join("\n")}\n</svg>\n`;
}

function draw({ title, curves }: Panel): string {
  const all = curves.flatMap(({ points }) => points);
  const x = scale(
    all.map(([value]) => value),
    size.left,
    size.width - size.right,
  );
  const y = scale(
    all.map(([, value]) => value),
    size.height - size.bottom,
    size.top,
  );
  const ticks = [
    ...x.ticks.map((tick) => text(x.at(tick), size.height - size.bottom + 16, label(tick), "middle")),
    ...y.ticks.map((tick) => text(size.left - 6, y.at(tick) + 4, label(tick), "end")),
    ...y.ticks.map((tick) => line([size.left, y.at(tick)], [size.width - size.right, y.at(tick)], "#dddddd")),
  ];
  const drawn = curves.map(({ name, points }, i) => {
    const colour = colours[i % colours.length] ?? "black";
    const dots = points.map(([a, b]) => `<circle cx="${x.at(a)}" cy="${y.at(b)}" r="3" fill="${colour}"/>`);
    const way = points.map(([a, b]) => `${x.at(a)},${y.at(b)}`).join(" ");
    const row = size.height + 12 + i * 16;
    const key =
      line([size.left, row - 4], [size.left + 20, row - 4], colour) +
      text(size.left + 26, row, name, "start");
    return `<polyline points="${way}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join("")}${key}`;
  });
  const frame =
    text(size.width / 2, 18, title, "middle") + text(size.width / 2, size.height - 6, "agents", "middle");
  return [frame, ...ticks, ...drawn].join("\n");
}

function scale(values: readonly number[], from: number, to: number) {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  const at = (value: number) => round(from + ((Math.log10(value) - first) / (last - first)) * (to - from));
  return { at, ticks: Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i)) };
}

const round = (value: number): number => Math.round(value * 10) / 10;
const label = (value: number): string => (value >= 1000 ? `${value / 1000}k` : `${value}`);
const line = (
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  colour: string,
): string => `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`;
const text = (x: number, y: number, what: string, anchor: string): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${what}</text>`;
