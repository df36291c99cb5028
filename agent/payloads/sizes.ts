// Payload of answers about packet sizes: an encoded histogram.

import type { Codec } from "../../overlay/index.js";
import type { Algebra } from "../algebra.js";

export interface SizesKind {
  readonly algebra: Algebra;
  /** 16 bytes. */
  readonly secret: Uint8Array;
}

/** 960 buckets of at most twelve bytes. */
const sizesBytes = 12 * 1024;

export function sizesCodec({ algebra, secret }: SizesKind): Codec<Uint8Array> {
  return {
    mostBytes: sizesBytes,
    write: (sizes) => ({ fields: {}, body: sizes }),
    read: (_fields, body) => body,
    merge: (histograms) => algebra.mergeSizes(histograms, secret),
  };
}
