/** What cannot be done as asked; the message is for people. Exit code 2 is for wrong arguments, 1 for all else. */
export class Refusal extends Error {
  readonly hint: string;
  readonly exitCode: 1 | 2;

  constructor(message: string, hint: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = "Refusal";
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
