// tallytree query: everything that can be asked.

import type { Asking } from "./asking.js";

export const queryCommands: readonly Asking[] = [
  {
    name: "sketch",
    type: "query sketch",
    positions: ["counter_key"],
    summary: "one number of a counter",
    about: [
      "Prints the count of one key, the number of distinct keys (key_num), that of the last seconds (real_time_key_num), or the sum of all keys (total).",
    ],
    examples: [
      "tallytree query sketch --sketch 0 --key src 10.0.0.6",
      "tallytree query sketch --sketch 0 --key src_dst key_num --detail",
    ],
  },
  {
    name: "heavy-hitters",
    type: "query heavy hitters",
    positions: [],
    summary: "the keys with the largest share of the traffic",
    about: [
      "Prints the keys above a share of some host's own traffic (--share-of network: of all traffic) with their counts over all hosts asked.",
    ],
    examples: [
      "tallytree query heavy-hitters --at 10.0.0.2 --sketch 0 --key src --table",
      "tallytree query heavy-hitters --sketch 0 --key src_dst --k 10 --detail --table",
    ],
  },
  {
    name: "real-time-counter",
    type: "query real time counter",
    positions: [],
    summary: "what the last one to two seconds brought",
    about: ["Prints the counts by key of the last closed second and the current one."],
    examples: ["tallytree query real-time-counter --sketch 0 --key src_dport"],
  },
  {
    name: "change",
    type: "query change",
    positions: [],
    summary: "the keys whose counts changed most between two windows",
    about: [
      'Prints by how much the counts of the last 10 seconds differ from those of the 10 seconds before, the largest changes first. --window and --before take a number of seconds, which means the last so many, or JSON: \'{"from": 1800000000, "to": 1800000060}\'. Two windows of unlike length are compared as they are.',
    ],
    examples: [
      "tallytree query change --sketch 0 --key src --table",
      "tallytree query change --sketch 0 --key dst --window 60 --k 5 --detail --table",
    ],
  },
  {
    name: "counter",
    type: "query counter",
    positions: [],
    summary: "packets and bytes of one rule",
    about: [
      "Prints [packets, bytes] of a rule that 'tallytree config counter' made, found by the same options.",
    ],
    examples: ["tallytree query counter --proto tcp --src 10.0.0.6"],
  },
  {
    name: "bw",
    type: "query bw",
    positions: ["src", "dst"],
    summary: "bandwidth between two hosts",
    about: [
      "Runs a short test from one host to another and prints MBytes/s (10^6 bytes). It loads the path.",
    ],
    examples: ["tallytree query bw 10.0.0.5 10.0.0.6 --at 10.0.0.5"],
  },
  {
    name: "sketches",
    type: "query sketches",
    positions: [],
    summary: "all sketches with their counters",
    about: ["Lists the sketches of the agent asked, their filters and their counters."],
    examples: ["tallytree query sketches --table"],
  },
  {
    name: "status",
    type: "query status",
    positions: [],
    summary: "state of an agent, its monitor and its tap",
    about: [
      "Prints the state of the agent asked: its monitor, what its tap saw and lost, and the agents below.",
    ],
    examples: ["tallytree query status --at 10.0.0.2"],
  },
  {
    name: "leaf-agents",
    type: "query leaf agents",
    positions: [],
    summary: "the agents right below the asked one",
    about: ["Lists the agents below the one asked; with --detail their state and the hosts they answer for."],
    examples: ["tallytree query leaf-agents --detail --table"],
  },
];
