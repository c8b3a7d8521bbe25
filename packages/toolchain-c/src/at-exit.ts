const actions = new Set<() => void>();

/**
 * Runs `action` should the process exit before what this gives back is called: for what no other process would end or remove. One listener
 * for all, as many builds may run at once. An action is synchronous, and what it throws is lost.
 */
export function atExit(action: () => void): () => void {
  if (actions.size === 0) process.on("exit", runAll);
  const own = (): void => action();
  actions.add(own);
  return () => {
    actions.delete(own);
    if (actions.size === 0) process.off("exit", runAll);
  };
}

function runAll(): void {
  for (const action of actions) {
    try {
      action();
    } catch {
      // the process ends: the others are to have their turn
    }
  }
}
