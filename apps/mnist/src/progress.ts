import type { Writable } from "node:stream";
import { Presets, SingleBar } from "cli-progress";

/** What a person watches while the job runs. */
export interface Progress {
  /** A line that stays. */
  line(text: string): void;
  /** Starts to count to `total`. */
  start(title: string, total: number): void;
  /** One more of them is done; `note` stands behind the bar. */
  step(note: string): void;
  /** The bar goes away. */
  stop(): void;
}

/** Lines and, on a terminal, a bar. Both go to `stream`, which is standard error. */
export function progressOn(stream: Writable & { readonly isTTY?: boolean }): Progress {
  let bar: SingleBar | undefined;
  return {
    line: (text) => void stream.write(`${text}\n`),
    start(title, total) {
      if (stream.isTTY !== true) return;
      const format = `${title} {bar} {value}/{total} {note}`;
      bar = new SingleBar({ stream, format, clearOnComplete: true, hideCursor: true, fps: 10 }, Presets.shades_classic);
      bar.start(total, 0, { note: "" });
    },
    step: (note) => bar?.increment(1, { note }),
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
