import { createSchedule, split, vectorize } from "@tilewright/schedule";
import { add, compute, placeholder, read } from "@tilewright/te";

const X = placeholder([4, 10], { name: "X" });
const B = placeholder([10], { name: "B" });
const Y = compute([4, 10], (i, j) => add(read(X, i, j), read(B, j)), { name: "Y" });

export const biased = createSchedule(Y);
const [, lanes] = split(biased, Y, "j", { factor: 4 });
vectorize(biased, Y, lanes);
