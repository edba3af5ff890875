-- CreateEnum
CREATE TYPE "ArtifactKind" AS ENUM ('package', 'config', 'symvers', 'provenance', 'log');

-- AlterTable
ALTER TABLE "Artifact" ADD COLUMN     "kind" "ArtifactKind" NOT NULL DEFAULT 'package';
