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
      "With --group-by the key is one of a coarser type, such as src for a counter by src_dst.",
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
      "With --group-by it adds up the counter's keys by a coarser type first: src or src/16 of a counter by src_dst.",
    ],
    examples: [
      "tallytree query heavy-hitters --at 10.0.0.2 --sketch 0 --key src --table",
      "tallytree query heavy-hitters --sketch 0 --key src_dst --k 10 --detail --table",
      "tallytree query heavy-hitters --sketch 0 --key src_dst --group-by src/16",
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
    name: "top",
    type: "query top",
    positions: [],
    summary: "the keys with the largest counts",
    about: [
      "Prints the k largest keys with their counts over all hosts asked; --detail tells whose rank is certain.",
    ],
    examples: [
      "tallytree query top --sketch 0 --key src --table",
      "tallytree query top --sketch 0 --key src_dst --group-by dst --k 5 --detail --table",
    ],
  },
  {
    name: "distinct",
    type: "query distinct",
    positions: [],
    summary: "how many distinct keys",
    about: [
      "Prints the number of distinct keys over all hosts asked: exact up to 4096, an estimate with its bounds (two standard errors) above.",
    ],
    examples: ["tallytree query distinct --sketch 0 --key src_dport --detail --table"],
  },
  {
    name: "spread",
    type: "query spread",
    positions: [],
    summary: "who talks to many",
    about: [
      "Prints how many distinct keys of a counter each key of a coarser type owns, over all hosts asked; what two hosts saw counts once. Of a counter by src_dst, --group-by src is how many destinations each source talks to and --group-by dst how many sources each destination hears; of src_dport, src is how many ports each source tries.",
      "Exact while the counter is. Beyond its capacity a counter made with --spread src gives estimates within two standard errors, another one certain bounds that widen.",
    ],
    examples: [
      "tallytree query spread --sketch 0 --key src_dst --group-by src --table",
      "tallytree query spread --sketch 0 --key src_dport --group-by src --threshold 20 --window 10 --detail --table",
    ],
  },
  {
    name: "taxonomy",
    type: "query taxonomy",
    positions: [],
    summary: "flows that stand out: elephants, tortoises, cheetahs, porcupines",
    about: [
      "Prints the keys that stand out by their size (elephant), their duration (tortoise), their rate (cheetah) or the largest second against that rate (porcupine): above the mean of all flows by more than three standard deviations. From counts of single seconds, of the last 30 if no window is given; --detail adds thresholds and values.",
    ],
    examples: [
      "tallytree query taxonomy --sketch 0 --key src_sport_dst_dport_proto",
      "tallytree query taxonomy --sketch 0 --key src_dst --group-by src --window 50 --detail",
    ],
  },
  {
    name: "entropy",
    type: "query entropy",
    positions: [],
    summary: "how evenly the traffic is spread over its keys",
    about: [
      "Prints the Shannon entropy of the counts by key in bits, over all hosts asked; --detail adds certain bounds and the share of the most that so many keys can have.",
    ],
    examples: ["tallytree query entropy --sketch 0 --key dport --detail --table"],
  },
  {
    name: "sizes",
    type: "query sizes",
    positions: [],
    summary: "how large packets are",
    about: [
      "Prints mean, quantiles and a histogram of the IP total lengths of a sketch's packets as on the wire, over all hosts asked; the sketch was made with --sizes. Each bucket spans at most 1/64 of its sizes, and sizes below 128 bytes have one each; --detail adds the bounds of the quantiles.",
    ],
    examples: [
      "tallytree query sizes --sketch 0 --table",
      "tallytree query sizes --sketch 0 --window 60 --detail",
    ],
  },
  {
    name: "distribution",
    type: "query distribution",
    positions: [],
    summary: "how large flows are",
    about: [
      "Prints how many keys have a count from 1 to 1, 2 to 3, 4 to 7 and so on, over all hosts asked; --detail tells how many of them are certain and how many are estimated.",
    ],
    examples: ["tallytree query distribution --sketch 0 --key src_sport_dst_dport_proto --table"],
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
    name: "alerts",
    type: "query alerts",
    positions: [],
    summary: "what came of watches",
    about: [
      "Prints the alerts of this agent's watches, the newest first: those of sums as this agent judged them, and of watches with --scope host those of every host below. One that lasts is one alert, without an end; those that ended are kept, the last thousand at each agent.",
      "With --detail also counts that may be beyond their limit and are not certainly so, and what could not be judged or sent.",
    ],
    examples: [
      "tallytree query alerts --table",
      "tallytree query alerts --watch-id 0 --since 1700000000 --detail --table",
    ],
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
    name: "roster",
    type: "query roster",
    positions: [],
    summary: "the agents that should answer",
    about: [
      "Lists the names of all agents of the roster; with --detail their places, their states and what they cannot run. Any agent of the roster passes this on to the root.",
    ],
    examples: ["tallytree query roster --at 10.0.0.2 --detail --table"],
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
