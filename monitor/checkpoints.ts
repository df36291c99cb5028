// Keeps a checkpoint of all counters, about once a second: what was counted since the one before is written, and what
// was not is left where it is. A monitor that counts nothing writes nothing.

import type { SavedCounter } from "../native/index.js";
import type { Capture } from "./capture.js";
import type { CheckpointFolder, Part } from "./checkpoint-folder.js";
import {
  checkpointVersion,
  counterFile,
  type Head,
  type HeadCounter,
  type HeadSketch,
  type PanePart,
} from "./checkpoint-form.js";
import type { CounterRecord, SketchRecord } from "./protocol.js";
import type { Sketches } from "./sketches.js";

const everyMs = 1000;

export interface CheckpointsOptions {
  readonly capture: Capture;
  readonly sketches: Sketches;
  readonly folder: CheckpointFolder;
  /** Told once when checkpoints cannot be kept any more, and without a reason when they can again. */
  readonly onTrouble: (reason?: string) => void;
}

/** What was written of one core's counter. */
interface Written {
  readonly part: Part;
  readonly panes: readonly PanePart[];
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** By the counter's specification, which no other counter shares. */
  #written = new Map<object, readonly Written[]>();
  #sketches = new Map<string, HeadSketch>();
  #head = "";
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #inTrouble = false;
  #stopped = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.now().then(() => this.start()), everyMs);
    this.#timer.unref();
  }

  /** Resolves when what is counted now is kept, or cannot be. Never rejects. */
  now(): Promise<void> {
    this.#running = this.#running
      .then(() => this.#options.sketches.undisturbed(() => this.#round()))
      .then(
        () => this.#tell(undefined),
        (error: unknown) => this.#tell(error instanceof Error ? error.message : String(error)),
      );
    return this.#running;
  }

  /** The last one. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.now();
    this.#options.folder.close();
  }

  #tell(reason: string | undefined): void {
    if (this.#inTrouble === (reason !== undefined)) return;
    this.#inTrouble = reason !== undefined;
    this.#options.onTrouble(reason);
  }

  async #round(): Promise<void> {
    const { capture, sketches, folder } = this.#options;
    const at = Date.now();
    const written = new Map<object, readonly Written[]>();
    const [stats, kept] = await Promise.all([
      capture.stats(),
      Promise.all(
        sketches
          .list()
          .filter(isKept)
          .map((record) => this.#keepSketch(record, written)),
      ),
    ]);
    const content = JSON.stringify([stats, kept]);
    if (content !== this.#head) await this.#replaceHead({ stats, sketches: kept }, at, written);
    else await folder.touch(at);
    this.#head = content;
  }

  async #replaceHead(
    head: Omit<Head, "version" | "tap">,
    at: number,
    written: ReadonlyMap<object, readonly Written[]>,
  ): Promise<void> {
    const all = [...written.values()].flat();
    const parts = all.flatMap(({ part, panes }) => [part.file, ...panes.map(({ file }) => file)]);
    await this.#options.folder.replaceHead(
      { version: checkpointVersion, tap: this.#options.capture.kind, ...head },
      at,
      new Set(parts),
    );
    this.#written = new Map(written);
    this.#sketches = new Map(head.sketches.map((sketch) => [sketch.uuid, sketch]));
  }

  async #keepSketch(record: SketchRecord, written: Map<object, readonly Written[]>): Promise<HeadSketch> {
    const { packets, bytes } = await this.#options.capture.use((tap) => tap.totals(record.uuid));
    const totals = { packets: `${packets}`, bytes: `${bytes}` };
    const isSame = this.#sketches.get(record.uuid)?.totals.packets === totals.packets;
    const keep = (counter: CounterRecord) => this.#keepCounter(record.uuid, counter, { isSame, written });
    return { ...record, totals, counters: await Promise.all(record.counters.map(keep)) };
  }

  async #keepCounter(
    uuid: string,
    { spec, meta }: CounterRecord,
    { isSame, written }: { readonly isSame: boolean; readonly written: Map<object, readonly Written[]> },
  ): Promise<HeadCounter> {
    const before = this.#written.get(spec);
    const now = isSame && before !== undefined ? before : await this.#write(uuid, spec.keyType, before ?? []);
    written.set(spec, now);
    return { spec, meta, cores: now.map(({ part }) => part) };
  }

  async #write(uuid: string, keyType: string, before: readonly Written[]): Promise<readonly Written[]> {
    const after = before.map(({ panes }) => Math.max(0, ...panes.map(({ serial }) => serial)));
    const saved = await this.#options.capture.use((tap) => tap.saveCounter(uuid, keyType, after));
    return Promise.all(saved.map((counter, core) => this.#writeCore(counter, before[core]?.panes ?? [])));
  }

  async #writeCore(saved: SavedCounter, before: readonly PanePart[]): Promise<Written> {
    const { folder } = this.#options;
    const fresh = saved.panes.map(async ({ serial, bytes }) => ({ serial, ...(await folder.write(bytes)) }));
    const known = new Map([...before, ...(await Promise.all(fresh))].map((pane) => [pane.serial, pane]));
    const panes = saved.kept.flatMap((serial) => known.get(serial) ?? []);
    return { part: await folder.write(counterFile(panes, saved.state)), panes };
  }
}

/** Packet sizes have no saved form: such a sketch begins anew, and says since when. */
const isKept = ({ sizes = false }: SketchRecord): boolean => !sizes;
