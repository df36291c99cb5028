// Taking things in order while few bytes have to wait for it.

import { describe, expect, it } from "vitest";
import { Turns } from "../../overlay/turns.js";

function taken() {
  const order: string[] = [];
  return { order, turns: new Turns<string>((thing) => void order.push(thing)) };
}

describe("turns", () => {
  it("take things by their place, whoever comes first", () => {
    const { order, turns } = taken();
    turns.put(2, "c");
    turns.put(0, "a");
    expect(order).toEqual(["a"]);
    turns.put(1, "b");
    expect(order).toEqual(["a", "b", "c"]);
  });

  it("wait for nobody who does not come", () => {
    const { order, turns } = taken();
    turns.put(1, "b");
    turns.put(3, "d");
    turns.skip(0);
    expect(order).toEqual(["b"]);
    turns.end();
    expect(order).toEqual(["b", "d"]);
  });

  it("take what there is when too many bytes wait, and all the rest in order", () => {
    const { order, turns } = taken();
    const big = 600 * 1024;
    turns.put(3, "d", big);
    expect(order).toEqual([]);
    turns.put(2, "c", big);
    expect(order).toEqual(["c"]);
    turns.put(1, "b");
    turns.put(0, "a");
    expect(order).toEqual(["c", "a", "b", "d"]);
  });
});
