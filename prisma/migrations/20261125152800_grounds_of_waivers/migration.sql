-- DropIndex
DROP INDEX "Waiver_streamId_baseSha256_id_idx";

-- AlterTable
ALTER TABLE "Waiver" ADD COLUMN     "grounds" TEXT NOT NULL DEFAULT '';
ALTER TABLE "Waiver" ALTER COLUMN "grounds" DROP DEFAULT;

-- What those were accepted for was not recorded: they have to be made anew.
UPDATE "Waiver" SET "withdrawnAt" = CURRENT_TIMESTAMP, "withdrawnBy" = 'basedrift: bound to too little' WHERE "withdrawnAt" IS NULL;

-- CreateIndex
CREATE INDEX "Waiver_streamId_grounds_id_idx" ON "Waiver"("streamId", "grounds", "id");
