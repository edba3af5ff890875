-- DropForeignKey
ALTER TABLE "Pair" DROP CONSTRAINT "Pair_comparisonKey_fkey";

-- AlterTable
ALTER TABLE "Comparison" ADD COLUMN     "symbolsSha256" TEXT,
ADD COLUMN     "unusedSince" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "ModuleSet" ADD COLUMN     "symbolsCodec" INTEGER;

-- Which codec wrote them was not recorded: those that come with the same modules again take their place.
UPDATE "ModuleSet" SET "symbolsCodec" = 1 WHERE "symbolsSha256" IS NOT NULL;

-- Until now a set kept its symbols, so comparisons were made with those.
UPDATE "Comparison" SET "symbolsSha256" = s."symbolsSha256" FROM "ModuleSet" s WHERE s.id = "Comparison"."moduleSetId";

-- CreateIndex
CREATE INDEX "Pair_comparisonKey_idx" ON "Pair"("comparisonKey");

-- AddForeignKey
ALTER TABLE "Pair" ADD CONSTRAINT "Pair_comparisonKey_fkey" FOREIGN KEY ("comparisonKey") REFERENCES "Comparison"("key") ON DELETE RESTRICT ON UPDATE CASCADE;
