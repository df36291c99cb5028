// Keeps a checkpoint of all counters, about once a second: what was counted since the one before is written, and what
// was not is left where it is. A monitor that counts nothing writes nothing.

import type { Saved, Tap } from "../native/index.js";
import type { Capture } from "./capture.js";
import type { CheckpointFolder, Part } from "./checkpoint-folder.js";
import {
  checkpointVersion,
  coreFile,
  type Head,
  type HeadCounter,
  type HeadSketch,
  type PanePart,
} from "./checkpoint-form.js";
import type { SketchRecord } from "./protocol.js";
import type { Sketches } from "./sketches.js";

const everyMs = 1000;

export interface CheckpointsOptions {
  readonly capture: Capture;
  readonly sketches: Sketches;
  readonly folder: CheckpointFolder;
  /** Told once when checkpoints cannot be kept any more, and without a reason when they can again. */
  readonly onTrouble: (reason?: string) => void;
}

/** What was written of one core. */
interface Written {
  readonly part: Part;
  readonly panes: readonly PanePart[];
}

/** Of the panes those after a serial each, one a core. */
type Save = (tap: Tap, after: readonly number[]) => Promise<readonly Saved[]>;

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** By the counter's specification or, of packet sizes, by the sketch's filter, which no other shares. */
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
      Promise.all(sketches.list().map((record) => this.#keepSketch(record, written))),
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
    const { uuid, filter, sizes = false } = record;
    const { packets, bytes, buffers } = await this.#options.capture.use((tap) => tap.totals(uuid));
    const totals = { packets: `${packets}`, bytes: `${bytes}`, buffers: `${buffers}` };
    const isSame = this.#sketches.get(uuid)?.totals.packets === totals.packets;
    const keep = (key: object, save: Save) => this.#keep(key, save, { isSame, written });
    const counters = record.counters.map(async ({ spec, meta }): Promise<HeadCounter> => {
      const cores = await keep(spec, (tap, after) => tap.saveCounter(uuid, spec.keyType, after));
      return { spec, meta, cores };
    });
    const head = { ...record, totals, counters: await Promise.all(counters) };
    if (!sizes) return head;
    return { ...head, sizesCores: await keep(filter, (tap, after) => tap.saveSizes(uuid, after)) };
  }

  async #keep(
    key: object,
    save: Save,
    { isSame, written }: { readonly isSame: boolean; readonly written: Map<object, readonly Written[]> },
  ): Promise<readonly Part[]> {
    const before = this.#written.get(key);
    const now = isSame && before !== undefined ? before : await this.#write(save, before ?? []);
    written.set(key, now);
    return now.map(({ part }) => part);
  }

  async #write(save: Save, before: readonly Written[]): Promise<readonly Written[]> {
    const after = before.map(({ panes }) => Math.max(0, ...panes.map(({ serial }) => serial)));
    const saved = await this.#options.capture.use((tap) => save(tap, after));
    return Promise.all(saved.map((one, core) => this.#writeCore(one, before[core]?.panes ?? [])));
  }

  async #writeCore(saved: Saved, before: readonly PanePart[]): Promise<Written> {
    const { folder } = this.#options;
    const fresh = saved.panes.map(async ({ serial, bytes }) => ({ serial, ...(await folder.write(bytes)) }));
    const known = new Map([...before, ...(await Promise.all(fresh))].map((pane) => [pane.serial, pane]));
    const panes = saved.kept.flatMap((serial) => known.get(serial) ?? []);
    return { part: await folder.write(coreFile(panes, saved.state)), panes };
  }
}
