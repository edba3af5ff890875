import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ModuleBtf, RunningBase } from '../../src/index.js'

/** What is used of the reader of conformance folders. */
export interface Corpus {
  cases(file: string): Promise<{ cases: { name: string; expect: { verdict: string } }[] }>
  baseOf(kernel: string): Promise<{ running: RunningBase }>
  modulesOf(kernel: string): Promise<Map<string, ModuleBtf>>
}

const folder = process.env.BASEDRIFT_CONFORMANCE

/** Whether a folder is named in the environment that has this file. */
export function isRecorded(file: string): boolean {
  return folder !== undefined && existsSync(path.join(folder, file))
}

/** Opens the folder that is named in the environment. */
export async function openCorpus(): Promise<Corpus> {
  const place = new URL('../../../../scripts/conformance/corpus.mjs', import.meta.url).href
  const { Corpus } = (await import(place)) as { Corpus: new (folder: string) => Corpus }
  return new Corpus(folder ?? '')
}
