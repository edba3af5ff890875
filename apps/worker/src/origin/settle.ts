/** How often a decision is made anew because kernels came in meanwhile, before the task is tried again later. */
const mostRounds = 5

/** Decides and records until what was decided by is what there is. */
export async function settleOrigin<Decision, Recorded extends { outcome: string }>(
  decide: () => Promise<Decision>,
  record: (decision: Decision) => Promise<Recorded>,
): Promise<Recorded> {
  for (let round = 0; round < mostRounds; round++) {
    const recorded = await record(await decide())
    if (recorded.outcome !== 'stale') return recorded
  }
  throw new Error('other kernels kept coming in while the origin of the modules was decided')
}
