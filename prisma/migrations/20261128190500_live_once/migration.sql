-- Of a build that would be live twice in one environment, the entry that is older has left.
UPDATE "Live" SET "leftAt" = CURRENT_TIMESTAMP, "leftBy" = 'basedrift: entered twice'
WHERE "leftAt" IS NULL AND EXISTS (
  SELECT 1 FROM "Live" newer
  WHERE newer."environment" = "Live"."environment" AND newer."buildId" = "Live"."buildId"
    AND newer."leftAt" IS NULL AND newer."id" > "Live"."id");

-- CreateIndex
CREATE UNIQUE INDEX "Live_environment_buildId_live_key" ON "Live"("environment", "buildId") WHERE ("leftAt" IS NULL);

-- CreateIndex
CREATE INDEX "Live_environment_id_live_idx" ON "Live"("environment", "id" DESC) WHERE ("leftAt" IS NULL);
