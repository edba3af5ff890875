-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "originRelease" TEXT;

-- AlterTable
ALTER TABLE "Comparison" ADD COLUMN     "originRelease" TEXT,
ADD COLUMN     "originStamped" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Module" ADD COLUMN     "inImage" BOOLEAN NOT NULL DEFAULT false;

-- The release of the kernel that each known origin is of.
UPDATE "Build" SET "originRelease" = "kernelRelease" WHERE "originSource" = 'own';
UPDATE "Build" m SET "originRelease" = k."kernelRelease" FROM "Build" k
WHERE m."originSource" = 'stated' AND k."streamId" = m."streamId" AND k.version || '-' || k.release = m."builtFor";

-- What was found in another stream is no hint any more.
UPDATE "Build" m SET "originSha256" = NULL, "originSource" = NULL
WHERE m."originSource" = 'found'
  AND NOT EXISTS (SELECT 1 FROM "Build" k WHERE k."streamId" = m."streamId" AND k."baseSha256" = m."originSha256");
