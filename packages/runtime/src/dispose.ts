/** `Symbol.dispose` where the engine has it, else a symbol of ours; nothing is added to `Symbol`. */
export const DISPOSE: typeof Symbol.dispose = (Symbol.dispose ??
  Symbol.for("tilewright.dispose")) as typeof Symbol.dispose;
/** `Symbol.asyncDispose`, likewise. */
export const ASYNC_DISPOSE: typeof Symbol.asyncDispose = (Symbol.asyncDispose ??
  Symbol.for("tilewright.asyncDispose")) as typeof Symbol.asyncDispose;
