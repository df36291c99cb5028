// The scale bench's figures as a table and as curves.

import type { EmulatedTransport } from "../emulator/emulation.js";
import { type Curve, picture } from "./plot.js";
import type { StarAnswer } from "./star.js";

/** Milliseconds. */
export interface Times {
  readonly median: number;
  readonly p99: number;
}

export interface Row {
  readonly transport: EmulatedTransport;
  readonly agents: number;
  /** Levels of agents that have children. */
  readonly levels: number;
  /** Load of the machine before, the mean of a minute. */
  readonly load: number;
  /** Every agent asked, all on this machine's processors. */
  readonly whole: { readonly hitters: Times; readonly point: Times };
  /** Processor milliseconds a question, of all agents together. */
  readonly cpuMs: { readonly hitters: number; readonly point: number };
  /** Each agent with a processor of its own, nearly: those off one way from root to leaf repeat themselves. */
  readonly way: { readonly hitters: Times; readonly point: Times };
  readonly star: StarAnswer & { readonly hitters: Times };
  /** Longest reply to a parent, by its level: heavy hitters, and a point query. */
  readonly link: { readonly hitters: readonly number[]; readonly point: readonly number[] };
  readonly rootMB: number;
}

/** A Markdown page. */
export function document(rows: readonly Row[], processors: string): string {
  const header = [
    "transport",
    "agents",
    "levels",
    "heavy hitters, one way: median / p99 ms",
    "point, one way",
    "heavy hitters, all here",
    "point, all here",
    "processor ms a question: hitters / point",
    "longest reply, bytes: to the root / to its children",
    "star: heavy hitters; answered",
    "star: bytes to the controller / tree: to the root",
    "root, MB",
    "load before",
  ];
  const lines = [header, header.map(() => "---"), ...rows.map(cells)].map((row) => `| ${row.join(" | ")} |`);
  return `${introduction(processors)}\n\n${lines.join("\n")}\n`;
}

const introduction = (processors: string): string => `# Questions to many agents

Written by \`npm run bench scale\` on ${processors}. Fan-out 32; every agent is the product's own, over ledgers that were
counted before (200 keys each, 6500 in all); over HTTP, all but the root have Node's bare server in place of Fastify. *All here*: every agent is asked and all share these processors. *One way*:
the agents off one way from the root to a leaf repeat what they said last, as if each had a processor of its own; every
parent on that way asks its 32 children and adds up ledgers of the true size. *Star*: a controller asks every agent
itself. Every answer was checked: all agents in it, and the largest key exact.`;

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)}k`;
const both = ({ median, p99 }: Times): string => `${median.toFixed(0)} / ${p99.toFixed(0)}`;

function cells({ whole, way, link, star, cpuMs, ...row }: Row): readonly string[] {
  return [
    ...[row.transport, `${row.agents}`, `${row.levels}`],
    ...[way.hitters, way.point, whole.hitters, whole.point].map(both),
    `${cpuMs.hitters.toFixed(0)} / ${cpuMs.point.toFixed(0)}`,
    link.hitters.slice(0, 2).map(kB).join(" / "),
    `${both(star.hitters)}; ${star.answered}`,
    `${kB(star.bytes)} / ${kB((link.hitters[0] ?? 0) * Math.min(32, row.agents - 1))}`,
    row.rootMB.toFixed(0),
    row.load.toFixed(1),
  ];
}

/** Time and bytes over the number of agents. */
export function plot(rows: readonly Row[]): string {
  const over = (name: string, of: (row: Row) => number): readonly Curve[] =>
    [...new Set(rows.map(({ transport }) => transport))].map((transport) => ({
      name: `${name}, ${transport}`,
      points: rows.filter((row) => row.transport === transport).map((row) => [row.agents, of(row)] as const),
    }));
  return picture([
    {
      title: "heavy hitters, median ms",
      curves: [
        ...over("one way of the tree", ({ way }) => way.hitters.median),
        ...over("all agents on this machine", ({ whole }) => whole.hitters.median),
        ...over("star", ({ star }) => star.hitters.median),
      ],
    },
    {
      title: "bytes",
      curves: [
        ...over("longest reply on a link of the tree", ({ link }) => Math.max(...link.hitters)),
        ...over("star: all that comes to the controller", ({ star }) => star.bytes),
      ],
    },
  ]);
}
