import { commentLines, isExported, type PlannedFunction, prototype } from "./function-text.js";

/** The header of a module: its callable functions, for C and C++. */
export function headerText(name: string, planned: readonly PlannedFunction[], symbols: ReadonlySet<string>): string {
  const guard = `TILEWRIGHT_${name.replace(/\W/g, "_").toUpperCase()}_H`;
  const exported = planned.filter(isExported);
  const hasHook = planned.some(({ facts }) => facts.hasParallelCall);
  const mayFail = planned.some(({ facts }) => facts.mayFail);
  const functions = exported.map((one) => {
    const text = prototype(one, symbols, false).replaceAll("*restrict ", "*TILEWRIGHT_RESTRICT ");
    return `${commentLines(one).join("\n")}\n${text};`;
  });
  return `${[
    `#ifndef ${guard}\n#define ${guard}`,
    "#include <stdint.h>",
    "/* Each function takes as last argument scratch memory of the size that its comment gives, aligned to 64 bytes, private to the\n * calling thread; where that is 0 bytes, a null pointer. Buffers do not overlap unless the comment of the module says so. */",
    '#if defined(__cplusplus)\n#define TILEWRIGHT_RESTRICT\nextern "C" {\n#else\n#define TILEWRIGHT_RESTRICT restrict\n#endif',
    ...functions,
    ...(hasHook ? [HOOK] : []),
    ...(mayFail
      ? [
          "/* Called when an assertion fails; the function that failed then returns. The program defines it. */\nvoid tilewright_assert_failed(const char *message);",
        ]
      : []),
    "#if defined(__cplusplus)\n}\n#endif",
    "#undef TILEWRIGHT_RESTRICT",
    "#endif",
  ].join("\n\n")}\n`;
}

const HOOK = `/* Replaces what runs parallel loops (a null pointer restores it): calls body over all of 0 .. extent, perhaps at once, each thread
 * with scratch memory of its own as large as the largest of this module; returns when all is done. */
#if !defined(TILEWRIGHT_HOOK)
#define TILEWRIGHT_HOOK
typedef void (*tilewright_body)(int32_t begin, int32_t end, const void *closure, void *workspace);
typedef void (*tilewright_hook)(tilewright_body body, int32_t extent, const void *closure, void *workspace);
#endif
void tilewright_set_parallel(tilewright_hook hook);`;
