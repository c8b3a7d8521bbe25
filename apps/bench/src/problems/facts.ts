/** A tensor of float32 that contenders are given. */
export interface Given {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** True for weights: a contender may prepare them before it is timed. */
  readonly constant?: boolean;
}

/** A number in double precision, and how far one in single precision may be from it, in units of 2⁻²³. */
export interface Exact {
  readonly value: number;
  readonly error: number;
}

/** What a problem is given, what it yields and what it costs. */
export interface Facts {
  /** Its name in a table. */
  readonly workload: string;
  readonly inputs: readonly Given[];
  /** Of the one tensor that it computes. */
  readonly shape: readonly number[];
  /** Additions and multiplications; 0 where they are not what limits it. */
  readonly flops: number;
  /** Inputs read once and the output written once. */
  readonly bytes: number;
  /** What the element at that place in row-major order is. */
  exactAt(at: number): Exact;
}
