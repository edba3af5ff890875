import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap of each thread grow to three times what was in use before all of it is collected again. By itself V8 does so
 * when a heap and the buffers made since are some 12 MB larger, which is 20 times in a thread that reads a package of 70 MB: a small
 * heap with large buffers. Holds for this process, from the next collections on.
 */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=200')
}
