-- AlterTable
ALTER TABLE "ModuleSet" ADD COLUMN     "stampSha256" TEXT;

-- CreateIndex
CREATE INDEX "ModuleSet_stampSha256_idx" ON "ModuleSet"("stampSha256");
