-- AlterTable
ALTER TABLE "Build" ADD COLUMN     "btfModules" BOOLEAN;

-- AlterTable
ALTER TABLE "Comparison" ADD COLUMN     "btfModules" BOOLEAN NOT NULL DEFAULT true;
