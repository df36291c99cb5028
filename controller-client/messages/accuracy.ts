// A counter's capacity from how accurate it must be.

import { TallyError } from "./errors.js";
import { quote } from "./wording.js";

type Plain = Readonly<Record<string, unknown>>;

const least = 16;
const most = 1_048_576;

/** `accuracy: {share, width}` is another spelling of `accuracy_share` and `accuracy_width`. */
export function flattenAccuracy(input: Plain): Plain {
  if (!Object.hasOwn(input, "accuracy")) return input;
  const { accuracy, ...rest } = input;
  if (accuracy === null || accuracy === undefined) return rest;
  if (typeof accuracy !== "object" || Array.isArray(accuracy)) {
    throw refused("accuracy", `accuracy is ${quote(accuracy)}: give {"share": ..., "width": ...}`);
  }
  const { share, width, ...unknown } = accuracy as Plain;
  if (share === undefined && width === undefined) throw refused("accuracy", "accuracy needs share and width");
  const extra = Object.keys(unknown)[0];
  if (extra !== undefined) throw refused("accuracy", `accuracy has share and width, not ${quote(extra)}`);
  if (Object.hasOwn(rest, "accuracy_share") || Object.hasOwn(rest, "accuracy_width")) {
    throw refused(
      "accuracy",
      "accuracy is given twice: as an object, and as accuracy_share or accuracy_width",
    );
  }
  return { ...rest, accuracy_share: share, accuracy_width: width };
}

/**
 * The draft with `capacity` instead of accuracy: the least that tells every key of at least `share` of the total
 * within `width` of its count, whatever the traffic (DESIGN.md section 5). Throws bad_request naming the field.
 */
export function sizeByAccuracy(draft: Plain, input: Plain): Plain {
  const { accuracy_share: share, accuracy_width: width, ...rest } = draft;
  if (share === undefined && width === undefined) return draft;
  if (typeof share !== "number") throw refused("accuracy_share", missing("accuracy_share", "accuracy_width"));
  if (typeof width !== "number") throw refused("accuracy_width", missing("accuracy_width", "accuracy_share"));
  if (input.capacity !== undefined && input.capacity !== null) {
    throw refused("capacity", "capacity follows from the accuracy: give one of the two");
  }
  const capacity = Math.max(least, Math.ceil(1 / (0.75 * share * width)));
  if (capacity <= most) return { ...rest, capacity };
  const advice = `such accuracy needs a capacity of ${capacity}, more than ${most}: give a larger share or width`;
  throw refused("accuracy_width", advice);
}

const missing = (field: string, given: string): string =>
  `${field} is missing: it goes with ${given}, both above 0 and at most 1`;

const refused = (field: string, message: string): TallyError =>
  new TallyError("bad_request", message, { field });
