-- AlterTable
ALTER TABLE "Comparison" ADD COLUMN     "missingSymbols" JSONB NOT NULL DEFAULT '[]';

-- Outcomes from before tell nothing of symbols that are missing: they are read from the rows again.
UPDATE "Comparison" SET "outcomes" = NULL WHERE length("outcomes") > 0;

-- A policy from before `symbols-missing` was a verdict could not let it pass: it blocks.
UPDATE "Policy" SET "settings" = jsonb_set("settings", '{blocking}',
  ("settings" -> 'blocking') - 'load-unknown' || '["symbols-missing"]'::jsonb
    || CASE WHEN ("settings" -> 'blocking') ? 'load-unknown' THEN '["load-unknown"]'::jsonb ELSE '[]'::jsonb END);
