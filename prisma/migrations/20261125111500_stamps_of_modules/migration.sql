-- AlterTable
ALTER TABLE "Module" ADD COLUMN     "stamp" JSONB;
