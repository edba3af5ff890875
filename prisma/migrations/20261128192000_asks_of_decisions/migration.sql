-- AlterTable
ALTER TABLE "Decision" ADD COLUMN     "asked" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "lastAskedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "GateUse" ADD COLUMN     "times" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "lastAt" TIMESTAMPTZ(3);
UPDATE "GateUse" SET "lastAt" = "at";
ALTER TABLE "GateUse" ALTER COLUMN "lastAt" SET NOT NULL;

-- DropIndex
DROP INDEX "GateUse_decisionId_idx";

-- CreateIndex
CREATE INDEX "GateUse_decisionId_id_idx" ON "GateUse"("decisionId", "id");
