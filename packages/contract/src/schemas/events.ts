import Type, { type Static } from 'typebox'
import { buildStates } from '../words.js'
import { oneOf, ref, Uuid } from './base.js'
import { Progress } from './build.js'

/** Data of a `build` event: the state of a build when it changed. */
export const BuildEvent = Type.Object(
  {
    id: Uuid,
    state: oneOf(buildStates, 'How far it has come; the stream ends with `done` or `failed`'),
    progress: ref(Progress),
  },
  { $id: 'BuildEvent', description: 'How far a build has come' },
)
export type BuildEvent = Static<typeof BuildEvent>
