// The rules between the fields of messages about watches.

import { TallyError } from "./errors.js";

type Draft = Readonly<Record<string, unknown>>;

/** Throws bad_request naming the field. */
export function checkWatch(draft: Draft): void {
  if (draft.type === "watch") checkCondition(draft);
  if (draft.type === "unwatch" && draft.watch_id === undefined && draft.watch === undefined)
    throw wrong("watch_id", "watch_id is missing: give the id that 'watch' answered");
  if (draft.watch_id !== undefined && draft.watch !== undefined)
    throw wrong("watch", "watch and watch_id are both given: controllers give watch_id, agents watch");
}

function checkCondition({ above, below, counter_key }: Draft): void {
  if (above === undefined && below === undefined)
    throw wrong("above", "above is missing: give above or below, the count over the window to compare with");
  if (above !== undefined && below !== undefined)
    throw wrong("below", "above and below are both given: make two watches");
  if (below !== undefined && counter_key === undefined)
    throw wrong(
      "counter_key",
      "counter_key is missing: below needs a key, key_num or total, for every key that is not there is below",
    );
  if (counter_key === "real_time_key_num")
    throw wrong("counter_key", "real_time_key_num has a window of its own: give key_num");
}

const wrong = (field: string, message: string): TallyError =>
  new TallyError("bad_request", message, { field });
