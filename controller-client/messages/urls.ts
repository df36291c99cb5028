// URLs that messages carry.

import { TallyError } from "./errors.js";
import { quote } from "./wording.js";

const printable = /^[\x21-\x7e]+$/;

/** A plain http URL, without user, password and fragment. Throws bad_request naming `field`. */
export function checkHttpUrl(text: string, field: string): void {
  const url = printable.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === "" && url.password === "" && url.hash === "";
  if (isPlain && url.protocol === "http:") return;
  const wanted = "an http URL without user, password and fragment, such as http://10.0.0.1:9000/alerts";
  throw new TallyError("bad_request", `${field} is ${quote(text)}: give ${wanted}`, { field });
}
