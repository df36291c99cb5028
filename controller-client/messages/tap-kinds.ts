// The taps that a host's monitor may run.

export const tapKinds = ["packet", "nfqueue", "nflog", "pcap", "cap"] as const;

export type TapKind = (typeof tapKinds)[number];

export const isTapKind = (value: unknown): value is TapKind => tapKinds.some((kind) => kind === value);
