// tallytree config: sketches, their counters and exact rules.

import type { Asking } from "./asking.js";

export const configCommands: readonly Asking[] = [
  {
    name: "sketch",
    type: "config sketch",
    positions: [],
    summary: "choose the packets to count",
    about: [
      "Makes a sketch, a filter for packets, on the agent asked and on every agent below it, and prints its id. Without options it takes every packet that is delivered to the host.",
      "A sketch counts nothing by key until it has a counter: see 'tallytree config sketch-counter'.",
    ],
    examples: [
      "tallytree config sketch --proto icmp",
      "tallytree config sketch --interface OUTPUT --proto tcp --dport 443 --at 10.0.0.2",
    ],
  },
  {
    name: "sketch-counter",
    type: "config sketch counter",
    positions: [],
    summary: "count a sketch's packets by key",
    about: [
      "Adds a counter to a sketch: how many packets or bytes each source, port, pair of addresses, ... has.",
      "Instead of a capacity it takes the wanted accuracy: with --accuracy-share 0.01 --accuracy-width 0.05, keys of at least 1 % of the traffic are told within 5 % of their count, whatever the traffic. It prints the most bytes that this can take on each host.",
    ],
    examples: [
      "tallytree config sketch-counter --sketch 0 --key src",
      "tallytree config sketch-counter --sketch 0 --key src_dst --increment bytes",
      "tallytree config sketch-counter --sketch 0 --key dst --accuracy-share .1 --accuracy-width .1",
    ],
  },
  {
    name: "counter",
    type: "config counter",
    positions: [],
    summary: "count one rule exactly",
    about: [
      "Starts the exact count of the packets and bytes that match one rule. Ask for it with 'tallytree query counter' and the same options. It changes no firewall rule.",
    ],
    examples: ["tallytree config counter --proto tcp --src 10.0.0.6"],
  },
];
