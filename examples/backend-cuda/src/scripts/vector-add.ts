import { bind, createSchedule, split, toPrimFunc } from "@tilewright/schedule";
import { add, compute, placeholder, read } from "@tilewright/te";

const A = placeholder([1000], { name: "A" });
const B = placeholder([1000], { name: "B" });
const C = compute([1000], (i) => add(read(A, i), read(B, i)), { name: "C" });

const s = createSchedule(C);
const [block, thread] = split(s, C, "i", { factor: 256 });
bind(s, C, block, "blockIdx.x");
bind(s, C, thread, "threadIdx.x");

export const vectorAdd = toPrimFunc(s, { name: "vector_add" });
