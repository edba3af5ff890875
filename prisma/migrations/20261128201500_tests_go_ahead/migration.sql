-- AlterTable
ALTER TABLE "Delivery" ADD COLUMN     "ahead" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "Delivery_channelId_ahead_state_sequence_idx" ON "Delivery"("channelId", "ahead", "state", "sequence");
