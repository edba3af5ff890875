-- CreateEnum
CREATE TYPE "OriginSource" AS ENUM ('own', 'stated', 'stamp', 'found');

-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "originSha256" TEXT,
ADD COLUMN     "originSource" "OriginSource",
ADD COLUMN     "problems" JSONB NOT NULL DEFAULT '[]';

-- AlterTable
ALTER TABLE "ModuleSet" ADD COLUMN     "originStrings" INTEGER;

-- CreateIndex
CREATE INDEX "Base_strings_idx" ON "Base"("strings");

-- CreateIndex
CREATE INDEX "ModuleSet_originStrings_idx" ON "ModuleSet"("originStrings");

-- AddForeignKey
ALTER TABLE "Build" ADD CONSTRAINT "Build_originSha256_fkey" FOREIGN KEY ("originSha256") REFERENCES "Base"("sha256") ON DELETE SET NULL ON UPDATE CASCADE;

-- The length that most modules of a set tell, as it is recorded of new sets.
UPDATE "ModuleSet" SET "originStrings" = (
  SELECT m."originStrings" FROM "Module" m
  WHERE m."moduleSetId" = "ModuleSet".id AND m."originStrings" IS NOT NULL AND m."distilledSha256" IS NULL
  GROUP BY m."originStrings" ORDER BY count(*) DESC, m."originStrings" LIMIT 1);

-- The origin that the comparisons of these builds were made with.
UPDATE "Build" SET "originSha256" = "baseSha256", "originSource" = 'own'
WHERE "moduleSetId" IS NOT NULL AND "baseSha256" IS NOT NULL;
UPDATE "Build" SET "originSha256" = k."baseSha256", "originSource" = 'stated'
FROM "Build" k
WHERE "Build"."moduleSetId" IS NOT NULL AND "Build"."baseSha256" IS NULL AND k."streamId" = "Build"."streamId"
  AND k.version || '-' || k.release = "Build"."builtFor" AND k."baseSha256" IS NOT NULL;
