// Who else reads every packet of a host: the peers of the taps and host benches, from Debian packages.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Receiver } from "./wire.js";

export interface Peer extends Receiver {
  readonly package: string;
  /** Undefined: it is there. */
  readonly missing: string | undefined;
}

/** Of it only the cost is asked. */
export type Other = Pick<Peer, "name" | "argv" | "missing">;

/** Installs the packages that are missing, without starting their services; a peer that stays missing says so. */
export function peers(device: string, folder: string): readonly Peer[] {
  return [softflowd(device, folder), nfpcapd(device, folder), tcpdump(device)];
}

export function softflowd(device: string, folder: string): Peer {
  const control = join(folder, "softflowd.ctl");
  const files = ["-c", control, "-p", join(folder, "softflowd.pid")];
  return installed({
    name: "softflowd -m 400000",
    package: "softflowd",
    argv: ["softflowd", "-d", "-i", device, "-m", "400000", ...files],
    asking: ["softflowctl", "-c", control, "statistics"],
    packets: (said) => number(/Packets processed: (\d+)/, said),
  });
}

function nfpcapd(device: string, folder: string): Peer {
  return installed({
    name: "nfpcapd",
    package: "nfdump",
    argv: ["nfpcapd", "-i", device, "-w", folder, "-t", "3600"],
    packets: (said) => number(/Total: Processed: (\d+)/, said),
  });
}

function tcpdump(device: string): Peer {
  return installed({
    name: "tcpdump -w /dev/null -s 96",
    package: "tcpdump",
    argv: ["tcpdump", "-n", "-Z", "root", "-i", device, "-w", "/dev/null", "-s", "96"],
    packets: (said) => number(/(\d+) packets captured/, said),
  });
}

/** Counts what the firewall logs, by a rule that stands for as long as it runs. */
export function uacctd(folder: string): Other {
  const group = "77";
  const settings = join(folder, "uacctd.conf");
  const counting = [
    "plugins: memory",
    "aggregate: src_host,dst_host",
    `imt_path: ${join(folder, "uacctd.pipe")}`,
  ];
  const reading = ["daemonize: false", `uacctd_group: ${group}`, "uacctd_nl_size: 4096000"];
  writeFileSync(settings, [...reading, ...counting, ""].join("\n"));
  const rule = `INPUT -j NFLOG --nflog-group ${group} --nflog-size 160 --nflog-threshold 256`;
  const end = `kill $!; iptables -t mangle -D ${rule}`;
  const script = `iptables -t mangle -I ${rule}; trap '${end}' TERM; uacctd -f ${settings} & wait; wait`;
  return { name: "uacctd", argv: ["sh", "-c", script], missing: install("pmacct", "uacctd") };
}

function number(pattern: RegExp, said: string): number {
  return Number(pattern.exec(said)?.[1] ?? Number.NaN);
}

function installed(peer: Omit<Peer, "missing">): Peer {
  return { ...peer, missing: install(peer.package, peer.argv[0] ?? "") };
}

function install(name: string, program: string): string | undefined {
  if (isThere(program)) return undefined;
  const argv = ["-qq", "-y", "install", "--no-install-recommends", name];
  // RUNLEVEL=1 keeps a freshly installed package from starting its service.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  spawnSync("apt-get", argv, { env, stdio: "ignore", timeout: 120_000 });
  return isThere(program) ? undefined : `${program} is missing: apt-get install ${name} failed`;
}

function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
}
