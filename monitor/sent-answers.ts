// Frees answers that were sent. They lie outside of V8's heap, which would be cleared only when it is itself full:
// after some hundred answers, 20 MB of them.

/** Bytes of answers after which the young generation is cleared, in less than a millisecond. */
const mostBytes = 2_000_000;

/** Takes note of the bytes of each answer. Without --expose-gc, which the program's first line has, it frees nothing. */
export function sentAnswers(): (bytes: number) => void {
  let lying = 0;
  return (bytes) => {
    lying += bytes;
    if (lying < mostBytes) return;
    lying = 0;
    // The last one may still be on its way.
    setImmediate(() => globalThis.gc?.({ type: "minor" }));
  };
}
