-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "withdrawnAt" TIMESTAMPTZ(3),
ADD COLUMN     "withdrawnBy" TEXT,
ADD COLUMN     "withdrawnReason" TEXT;

-- DropIndex
DROP INDEX "Build_streamId_version_release_key";

-- CreateIndex
CREATE UNIQUE INDEX "Build_streamId_version_release_named_key" ON "Build"("streamId", "version", "release") WHERE ("withdrawnAt" IS NULL);
