// "Above a share of the total", decided exactly: 0.29 of 100 is 29, whatever binary fractions make of it.

/** The largest count that is not above `share` of `total`. `share` is 0 to 1, read as the decimal it is written as. */
export function largestWithin(share: number, total: bigint): bigint {
  const [digits, scale] = decimalOf(share);
  return (digits * total) / 10n ** scale;
}

function decimalOf(share: number): readonly [digits: bigint, scale: bigint] {
  const [mantissa = "0", exponent = "0"] = String(share).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  return [BigInt(whole + fraction), BigInt(fraction.length - Number(exponent))];
}
