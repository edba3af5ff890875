import { setFlagsFromString } from 'node:v8'

/** V8's own name of how far a heap may grow, in per cent of what was in use after its last collection. One that it does not know is passed over. */
export const heapGrowth = '--heap-growing-percent'

/**
 * Lets the heap of each thread grow to three times what was in use before all of it is collected again. By itself V8 does so
 * when a heap and the buffers made since are some 12 MB larger, which is 20 times in a thread that reads a package of 70 MB: a small
 * heap with large buffers. Holds for this process, from the next collections on.
 */
export function collectSeldom(): void {
  setFlagsFromString(`${heapGrowth}=200`)
}
