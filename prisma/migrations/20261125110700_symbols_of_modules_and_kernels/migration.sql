-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "exportsSha256" TEXT;

-- AlterTable
ALTER TABLE "Comparison" ADD COLUMN     "exportsSha256" TEXT;

-- AlterTable
ALTER TABLE "ModuleSet" ADD COLUMN     "symbolsSha256" TEXT;
