import type { Feature } from "@tilewright/backend";

/** One claim about a backend with its device. */
export interface ConformanceTest {
  /** What is claimed, as a clause whose subject is the backend; no two tests have the same. */
  readonly name: string;
  /** The chapter of the kit. */
  readonly section: string;
  /** What of the support matrix it proves; of a refusal, what it proves to be refused. */
  readonly features: readonly Feature[];
  /** Resolves when the claim holds. @throws Error with the function's name, the first difference, its text and the seed */
  run(): Promise<void>;
}

/** A test, and whether the capabilities let it be tried. */
export interface Candidate extends ConformanceTest {
  readonly isDeclared: boolean;
}
