import { Cursor, Filename, Limit, ModuleName, StreamName, Uuid, VersionRelease } from '@basedrift/contract'
import Type from 'typebox'

/** A build by its name. */
export const BuildPath = Type.Object({ stream: StreamName, vr: VersionRelease })

/** An artifact by its name. */
export const ArtifactPath = Type.Object({ stream: StreamName, vr: VersionRelease, filename: Filename })

/** A build by its id. */
export const BuildIdPath = Type.Object({ id: Uuid })

/** A drift by its id. */
export const DriftPath = Type.Object({ id: Uuid })

/** A channel by its id. */
export const ChannelPath = Type.Object({ id: Uuid })

/** A delivery by its id. */
export const DeliveryPath = Type.Object({ id: Uuid })

/** A pair by the ids of its builds. */
export const PairPath = Type.Object({ kernelBuild: Uuid, moduleBuild: Uuid })

/** One module of a pair. */
export const PairModulePath = Type.Object({ kernelBuild: Uuid, moduleBuild: Uuid, name: ModuleName })

/** Which page of a list. */
export const pageQuery = { cursor: Type.Optional(Cursor), limit: Type.Optional(Limit) }

/** Headers of a write. */
export const writeHeaders = {
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description:
        'For a day the same write with the same key gets the same answer, without being done again',
    }),
  ),
}
