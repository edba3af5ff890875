-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "compiler" TEXT,
ADD COLUMN     "pahole" TEXT;

-- AlterTable
ALTER TABLE "Base" ADD COLUMN     "layout" TEXT,
ADD COLUMN     "meaning" TEXT;

-- CreateTable
CREATE TABLE "Drift" (
    "id" UUID NOT NULL,
    "streamId" UUID NOT NULL,
    "fromBuildId" UUID NOT NULL,
    "toBuildId" UUID NOT NULL,
    "neighbours" BOOLEAN NOT NULL DEFAULT true,
    "state" "PairState" NOT NULL DEFAULT 'pending',
    "class" TEXT,
    "headline" TEXT,
    "counts" JSONB,
    "engine" TEXT,
    "reportSha256" TEXT,
    "error" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Drift_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Drift_streamId_neighbours_toBuildId_idx" ON "Drift"("streamId", "neighbours", "toBuildId");

-- CreateIndex
CREATE UNIQUE INDEX "Drift_fromBuildId_toBuildId_key" ON "Drift"("fromBuildId", "toBuildId");

-- AddForeignKey
ALTER TABLE "Drift" ADD CONSTRAINT "Drift_fromBuildId_fkey" FOREIGN KEY ("fromBuildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Drift" ADD CONSTRAINT "Drift_toBuildId_fkey" FOREIGN KEY ("toBuildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The kernel builds that are there already: their tasks have no bell yet, and the reconciler rings it.
INSERT INTO "Drift" (id, "streamId", "fromBuildId", "toBuildId")
SELECT gen_random_uuid(), "streamId", before, id
FROM (
  SELECT id, "streamId", lag(id) OVER (PARTITION BY "streamId" ORDER BY id) AS before
  FROM "Build" WHERE "baseSha256" IS NOT NULL AND state IN ('comparing', 'done')
) AS kernels
WHERE before IS NOT NULL;
INSERT INTO "Task" (id, kind, payload)
SELECT 'drift:' || "fromBuildId" || ':' || "toBuildId", 'drift',
  jsonb_build_object('kind', 'drift', 'fromBuildId', "fromBuildId", 'toBuildId', "toBuildId")
FROM "Drift";
