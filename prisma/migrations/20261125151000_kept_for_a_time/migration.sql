-- CreateIndex
CREATE INDEX "Subject_since_idx" ON "Subject"("since");

-- CreateIndex
CREATE INDEX "Subject_toldId_idx" ON "Subject"("toldId");

-- CreateIndex
CREATE INDEX "Event_kind_id_idx" ON "Event"("kind", "id");
