// Types of the npm package count-min-sketch 0.1.1, as far as the oracle test needs them.

declare module "count-min-sketch" {
  interface CountMinSketch {
    update(key: string | number, amount: number): void;
    query(key: string | number): number;
  }
  /** Estimates exceed the truth by at most `accuracy` times the total, with probability 1 - `failure`. */
  function create(accuracy: number, failure: number): CountMinSketch;
  export = create;
}
