/** Operators in plain float64 loops: what compiled ones are compared with. */
type Reference = (inputs: readonly Float64Array[]) => Float64Array;

const input = (inputs: readonly Float64Array[], position: number): Float64Array =>
  inputs[position] ?? new Float64Array();

/** `f` of elements at one place; an input of one element serves every place. */
export function pointwise(f: (x: number, y: number, z: number) => number): Reference {
  return (inputs) => {
    const at = (data: Float64Array, k: number): number => data[data.length === 1 ? 0 : k] ?? 0;
    const [x, y, z] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)];
    return x.map((_, k) => f(at(x, k), at(y, k), at(z, k)));
  };
}

/** `[m, k] · [k, n]`, either operand stored transposed: first both are brought into the order of the loops. */
export function matmul(m: number, n: number, k: number, transA: boolean, transB: boolean): Reference {
  return (inputs) => {
    const a = transA ? transposed(input(inputs, 0), k, m) : input(inputs, 0);
    const b = transB ? transposed(input(inputs, 1), n, k) : input(inputs, 1);
    const c = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      const row = c.subarray(i * n, (i + 1) * n);
      for (let p = 0; p < k; p++) {
        const left = a[i * k + p] as number;
        const right = b.subarray(p * n, (p + 1) * n);
        for (let j = 0; j < n; j++) row[j] = (row[j] as number) + left * (right[j] as number);
      }
    }
    return c;
  };
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
}

/** NCHW with weights OCRS, stride 1, no padding. */
export function conv(n: number, c: number, h: number, w: number, o: number, r: number, s: number): Reference {
  const [height, width] = [h - r + 1, w - s + 1];
  return (inputs) => {
    const [x, weights] = [input(inputs, 0), input(inputs, 1)];
    const y = new Float64Array(n * o * height * width);
    let at = 0;
    for (let image = 0; image < n; image++) {
      for (let out = 0; out < o; out++) {
        for (let p = 0; p < height; p++) {
          for (let q = 0; q < width; q++) y[at++] = windowSum(x, weights, { image, out, p, q });
        }
      }
    }
    return y;
  };
  function windowSum(
    x: Float64Array,
    weights: Float64Array,
    place: { image: number; out: number; p: number; q: number },
  ): number {
    const { image, out, p, q } = place;
    let sum = 0;
    for (let channel = 0; channel < c; channel++) {
      for (let row = 0; row < r; row++) {
        for (let column = 0; column < s; column++) {
          const left = x[((image * c + channel) * h + p + row) * w + q + column] ?? 0;
          sum += left * (weights[((out * c + channel) * r + row) * s + column] ?? 0);
        }
      }
    }
    return sum;
  }
}

/** Of each row. */
export function softmax(rows: number, classes: number): Reference {
  return (inputs) => {
    const x = input(inputs, 0);
    const y = new Float64Array(rows * classes);
    for (let row = 0; row < rows; row++) {
      const own = x.subarray(row * classes, (row + 1) * classes);
      const level = logSumExp(own);
      own.forEach((value, k) => {
        y[row * classes + k] = Math.exp(value - level);
      });
    }
    return y;
  };
}

/** The mean over rows of −Σ label · log softmax. */
export function crossEntropy(rows: number, classes: number): Reference {
  return (inputs) => {
    const [x, labels] = [input(inputs, 0), input(inputs, 1)];
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const own = x.subarray(row * classes, (row + 1) * classes);
      const level = logSumExp(own);
      own.forEach((value, k) => {
        sum += (labels[row * classes + k] ?? 0) * (level - value);
      });
    }
    return Float64Array.of(sum / rows);
  };
}

function logSumExp(row: Float64Array): number {
  const greatest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return greatest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
}

/** Sums over the first of `rows` equal parts. */
export function sumRows(rows: number): Reference {
  return (inputs) => {
    const x = input(inputs, 0);
    const width = x.length / rows;
    const y = new Float64Array(width);
    x.forEach((value, k) => {
      y[k % width] = (y[k % width] ?? 0) + value;
    });
    return y;
  };
}

/** The input `times` over. */
export function repeat(times: number): Reference {
  return (inputs) => {
    const x = input(inputs, 0);
    return Float64Array.from({ length: times * x.length }, (_, k) => x[k % x.length] ?? 0);
  };
}
