-- AlterTable
ALTER TABLE "Refusal" ADD COLUMN     "acknowledgedAt" TIMESTAMPTZ(3),
ADD COLUMN     "acknowledgedBy" TEXT,
ADD COLUMN     "acknowledgement" TEXT,
ADD COLUMN     "by" TEXT,
ADD COLUMN     "lastAt" TIMESTAMPTZ(3),
ADD COLUMN     "times" INTEGER NOT NULL DEFAULT 1;
UPDATE "Refusal" SET "lastAt" = "createdAt";
ALTER TABLE "Refusal" ALTER COLUMN "lastAt" SET NOT NULL;
