-- CreateEnum
CREATE TYPE "ChannelMode" AS ENUM ('immediate', 'hourly', 'daily');

-- CreateEnum
CREATE TYPE "ChannelState" AS ENUM ('active', 'disabled');

-- CreateEnum
CREATE TYPE "DeliveryState" AS ENUM ('collecting', 'pending', 'sending', 'sent', 'dead');

-- CreateTable
CREATE TABLE "Subject" (
    "key" TEXT NOT NULL,
    "draft" JSONB,
    "touched" INTEGER NOT NULL DEFAULT 1,
    "since" TIMESTAMPTZ(3),
    "changedAt" TIMESTAMPTZ(3),
    "toldHash" TEXT,
    "toldId" UUID,

    CONSTRAINT "Subject_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "Event" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "stream" TEXT,
    "subject" TEXT NOT NULL,
    "content" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Channel" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "sealed" TEXT NOT NULL,
    "routes" JSONB NOT NULL,
    "mode" "ChannelMode" NOT NULL DEFAULT 'immediate',
    "state" "ChannelState" NOT NULL DEFAULT 'active',
    "reason" JSONB,
    "sequence" INTEGER NOT NULL DEFAULT 0,
    "dueAt" TIMESTAMPTZ(3),
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Channel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Delivery" (
    "id" UUID NOT NULL,
    "channelId" UUID NOT NULL,
    "sequence" INTEGER,
    "digest" BOOLEAN NOT NULL DEFAULT false,
    "state" "DeliveryState" NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "nextAt" TIMESTAMPTZ(3) NOT NULL,
    "lastCode" TEXT,
    "lastStatus" INTEGER,
    "lastAnswer" TEXT,
    "attemptedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DeliveryEvent" (
    "deliveryId" UUID NOT NULL,
    "eventId" UUID NOT NULL,

    CONSTRAINT "DeliveryEvent_pkey" PRIMARY KEY ("deliveryId","eventId")
);

-- CreateIndex
CREATE INDEX "Event_stream_id_idx" ON "Event"("stream", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Channel_name_key" ON "Channel"("name");

-- CreateIndex
CREATE INDEX "Channel_state_dueAt_idx" ON "Channel"("state", "dueAt");

-- CreateIndex
CREATE INDEX "Delivery_channelId_state_sequence_idx" ON "Delivery"("channelId", "state", "sequence");

-- CreateIndex
CREATE INDEX "Delivery_channelId_id_idx" ON "Delivery"("channelId", "id");

-- CreateIndex
CREATE INDEX "Delivery_state_id_idx" ON "Delivery"("state", "id");

-- CreateIndex
CREATE INDEX "DeliveryEvent_eventId_idx" ON "DeliveryEvent"("eventId");

-- AddForeignKey
ALTER TABLE "Subject" ADD CONSTRAINT "Subject_toldId_fkey" FOREIGN KEY ("toldId") REFERENCES "Event"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Delivery" ADD CONSTRAINT "Delivery_channelId_fkey" FOREIGN KEY ("channelId") REFERENCES "Channel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DeliveryEvent" ADD CONSTRAINT "DeliveryEvent_deliveryId_fkey" FOREIGN KEY ("deliveryId") REFERENCES "Delivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DeliveryEvent" ADD CONSTRAINT "DeliveryEvent_eventId_fkey" FOREIGN KEY ("eventId") REFERENCES "Event"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
