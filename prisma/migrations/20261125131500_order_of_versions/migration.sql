-- CreateEnum
CREATE TYPE "VersionScheme" AS ENUM ('rpm', 'dpkg');

-- AlterTable
ALTER TABLE "Stream" ADD COLUMN     "versionScheme" "VersionScheme";

-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "versionKey" BYTEA NOT NULL DEFAULT '\x';

-- CreateIndex
CREATE INDEX "Build_streamId_versionKey_id_idx" ON "Build"("streamId", "versionKey", "id");
