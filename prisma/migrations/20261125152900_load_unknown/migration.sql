-- They did not tell what of a module's load is unknown: they are read from the rows again.
UPDATE "Comparison" SET "outcomes" = NULL;
