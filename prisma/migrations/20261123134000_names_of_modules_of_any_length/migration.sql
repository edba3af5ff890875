-- DropIndex
DROP INDEX "Module_moduleSetId_name_idx";
